import { offAbort, onAbort } from '../http/abort.js';
import type { Call } from './call.js';

/**
 * A bounded number of requests at a time, the others in order. They wait here and not in undici's queue, where each
 * one that is aborted while it waits would cost a connection when its time comes.
 */
export class Turns {
  #free: number;
  readonly #waiting = new Set<(turn: boolean) => void>();

  constructor(size: number) {
    this.#free = size;
  }

  /** Takes a turn, if one is free at once. */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Waits for a turn. Gives `false`, and takes none, when the call ends before, or all who wait are sent away. */
  wait(call: Call): Promise<boolean> {
    return new Promise((resolve) => {
      const leave = (): void => {
        if (this.#waiting.delete(enter)) enter(false);
      };
      const timer = setTimeout(leave, Math.max(0, call.remaining()));
      const enter = (turn: boolean): void => {
        clearTimeout(timer);
        offAbort(call.signal, leave);
        resolve(turn);
      };
      onAbort(call.signal, leave);
      this.#waiting.add(enter);
    });
  }

  /** Gives a turn back, to the first one who waits. */
  give(): void {
    for (const enter of this.#waiting) {
      this.#waiting.delete(enter);
      return enter(true);
    }
    this.#free++;
  }

  /** Sends away everybody who waits. */
  sendAway(): void {
    for (const enter of this.#waiting) enter(false);
    this.#waiting.clear();
  }
}
