import { setTimeout as sleep } from 'node:timers/promises';

import { now } from './clock.mjs';
import { numberOf } from './workload.mjs';

/**
 * Who is told of changes: keeps when it was told of each key first.
 *
 * @typedef {object} Told
 * @property {Float64Array} at When each key was told; NaN for those that never were.
 * @property {number} doubled How often a key was told that had been told before.
 * @property {string[]} resyncs Why the present state was told in place of changes.
 * @property {number} resynced How many keys were told only by that.
 */
export class Consumer {
  #at;
  #doubled = 0;
  #resyncs = [];
  #resynced = 0;
  #toldAt = 0;
  #isOver = false;
  #failure;
  #wake = () => undefined;

  /** @param {number} keys */
  constructor(keys) {
    this.#at = new Float64Array(keys).fill(NaN);
  }

  /** @param {string} key */
  onChange(key) {
    if (!this.#take(key)) this.#doubled++;
  }

  /**
   * @param {string} reason
   * @param {string[]} keys Those that are new in the state.
   */
  onResync(reason, keys) {
    this.#resyncs.push(reason);
    for (const key of keys) if (this.#take(key)) this.#resynced++;
  }

  /** @param {unknown} error What has ended a watch by itself. */
  onFailed(error) {
    this.#failure ??= error;
    this.#end();
  }

  /**
   * Waits until nothing more can come: the last key was told, or nothing for so long that nothing will be.
   *
   * @param {number} patience In milliseconds.
   * @returns {Promise<Told>}
   */
  async finish(patience) {
    const start = now();
    const over = new Promise((resolve) => (this.#wake = resolve));
    while (!this.#isOver) {
      const left = Math.max(start, this.#toldAt) + patience - now();
      if (left <= 0) break;
      const timer = new AbortController();
      await Promise.race([over, sleep(left, undefined, { signal: timer.signal }).catch(() => undefined)]);
      timer.abort();
    }
    if (this.#failure !== undefined) throw this.#failure;
    return { at: this.#at, doubled: this.#doubled, resyncs: this.#resyncs, resynced: this.#resynced };
  }

  /** Whether it is the first time. */
  #take(key) {
    this.#toldAt = now();
    const number = numberOf(key);
    if (number === undefined) this.#end();
    else if (!Number.isNaN(this.#at[number])) return false;
    else {
      this.#at[number] = this.#toldAt;
    }
    return true;
  }

  #end() {
    this.#isOver = true;
    this.#wake();
  }
}
