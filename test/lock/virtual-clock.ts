import type { Clock } from '../../lib/client/lease/clock.js';

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** Lets everything go on that waits for no time to pass. */
export const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  /** Calls what is due; a test may have it called later, as a busy process does. */
  dispatch: (call: () => void) => void = (call) => call();
  private readonly timers = new Set<Timer>();
  private readonly waiting = new Set<Timer>();

  /** @param time what several clocks may share, so that each counts its own timers */
  constructor(private readonly time = { now: 0 }) {}

  /** How many calls are still to come. */
  get pending(): number {
    return this.timers.size + this.waiting.size;
  }

  /** When the next call is due. */
  get next(): number | undefined {
    let next: number | undefined;
    for (const { due } of this.timers) if (next === undefined || due < next) next = due;
    return next;
  }

  now(): number {
    return this.time.now;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { due: this.time.now + Math.max(0, milliseconds), callback };
    this.timers.add(timer);
    return () => {
      this.timers.delete(timer);
      this.waiting.delete(timer);
    };
  }

  /** Moves the time ahead without any call, as when the machine has slept. */
  leap(milliseconds: number): void {
    this.time.now += milliseconds;
  }

  /** Calls what is due. */
  fire(): void {
    const due = [...this.timers].filter((timer) => timer.due <= this.time.now);
    for (const timer of due.toSorted((one, other) => one.due - other.due)) {
      if (!this.timers.delete(timer)) continue;
      this.waiting.add(timer);
      this.dispatch(() => {
        if (this.waiting.delete(timer)) timer.callback();
      });
    }
  }

  /** Lets time pass, and calls what is due meanwhile, each in its time. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.time.now + milliseconds;
    await settled();
    for (let { next } = this; next !== undefined && next <= end; { next } = this) {
      this.time.now = Math.max(this.time.now, next);
      this.fire();
      await settled();
    }
    this.time.now = Math.max(this.time.now, end);
  }
}
