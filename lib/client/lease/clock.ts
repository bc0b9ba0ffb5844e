import { offAbort, onAbort } from '../http/abort.js';

/** Time as leases count it, and timers that run by it. A test may bring a clock of its own. */
export interface Clock {
  /** Milliseconds since some time in the past. It never goes back. */
  now(): number;
  /** Calls once after so many milliseconds, or after {@link longestTimer}. @returns what takes the call back */
  after(milliseconds: number, callback: () => void): () => void;
}

/** Node's timers do not last longer, in milliseconds: some 24 days. */
export const longestTimer = 2_147_483_647;

/** A wall clock that is further ahead of the steady one than this was set, or the machine has slept, in milliseconds. */
const leap = 100;

/**
 * The steady clock of the process, which nobody can set. It stands still while the machine sleeps, and etcd's clock does
 * not; so where the wall clock has leapt ahead since the last look, this one leaps too.
 */
export class SystemClock implements Clock {
  #steady = performance.now();
  #wall = Date.now();
  #leapt = 0;

  now(): number {
    const steady = performance.now();
    const wall = Date.now();
    const ahead = wall - this.#wall - (steady - this.#steady);
    if (ahead > leap) this.#leapt += ahead;
    this.#steady = steady;
    this.#wall = wall;
    return steady + this.#leapt;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = setTimeout(callback, Math.min(longestTimer, Math.max(0, milliseconds)));
    return () => clearTimeout(timer);
  }
}

/** Waits, but no longer than until the signal is aborted. */
export function pause(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const end = (): void => {
      cancel();
      offAbort(signal, end);
      resolve();
    };
    const cancel = clock.after(milliseconds, end);
    onAbort(signal, end);
  });
}
