import { performance } from 'node:perf_hooks';

/** Where an embedded server takes the time from, and what wakes it for its sweeps. */
export interface EtcdClock {
  /** Nanoseconds since 1970, UTC. */
  now(): bigint;
  /** Calls `tick` once in every so many ms. @returns what ends it */
  every(milliseconds: number, tick: () => void): () => void;
}

/** The time of this machine. Its timers keep no process alive. */
export const systemClock: EtcdClock = {
  // Microseconds: as fine as a double holds since 1970.
  now: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1_000)) * 1_000n,
  every(milliseconds, tick) {
    const timer = setInterval(tick, milliseconds);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/** Calls `action` once, so many ms from now. @returns what prevents it */
export function after(clock: EtcdClock, milliseconds: number, action: () => void): () => void {
  const end = clock.every(milliseconds, () => {
    end();
    action();
  });
  return end;
}

interface Alarm {
  readonly period: bigint;
  readonly tick: () => void;
  next: bigint;
}

const nanosecondsIn = (milliseconds: number): bigint => BigInt(Math.round(milliseconds * 1_000_000));

/**
 * A time that stands still until it is moved by hand. Moving it does everything that would have happened meanwhile,
 * in order, before {@link advance} returns.
 *
 * @example
 * const clock = new ManualClock();
 * await using server = await EmbeddedEtcd.start({ clock });
 * clock.advance(30_000);
 */
export class ManualClock implements EtcdClock {
  readonly #alarms = new Set<Alarm>();
  #now: bigint;

  /** @param start what time it shows at first @default the present moment */
  constructor(start: Date = new Date()) {
    this.#now = nanosecondsIn(start.getTime());
  }

  now(): bigint {
    return this.#now;
  }

  every(milliseconds: number, tick: () => void): () => void {
    const period = nanosecondsIn(milliseconds);
    const alarm = { period, tick, next: this.#now + period };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Moves the time on, and stops on the way at each moment at which something is due. @throws {RangeError} */
  advance(milliseconds: number): void {
    if (!Number.isFinite(milliseconds) || milliseconds < 0) {
      throw new RangeError(
        `Expected \`milliseconds\` to be a finite number from 0 and up, got ${String(milliseconds)}`,
      );
    }
    const end = this.#now + nanosecondsIn(milliseconds);
    for (let due = this.#first(end); due !== undefined; due = this.#first(end)) {
      this.#now = due.next;
      due.next += due.period;
      due.tick();
    }
    this.#now = end;
  }

  #first(end: bigint): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.next <= end && (first === undefined || alarm.next < first.next)) first = alarm;
    }
    return first;
  }
}
