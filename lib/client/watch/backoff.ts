import { setTimeout as sleep } from 'node:timers/promises';

const shortest = 50;
const longest = 1_000;
/** What lasts no longer than this has failed. */
const shortLife = 1_000;

/** Pauses between attempts that fail: longer each time, and by chance a little different for each who waits. */
export class Backoff {
  #failures = 0;

  constructor(private readonly closing: AbortSignal) {}

  failed(): void {
    this.#failures++;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** Something has ended by itself that was meant to last. */
  lasted(milliseconds: number): void {
    if (milliseconds < shortLife) this.failed();
    else this.succeeded();
  }

  /** No pause at all after a success. It ends at once when `closing` is aborted. */
  async pause(): Promise<void> {
    if (this.#failures === 0) return;
    const pause = Math.min(longest, shortest * 2 ** (this.#failures - 1));
    const options = { signal: this.closing };
    await sleep(pause * (0.5 + Math.random() / 2), undefined, options).catch(() => undefined);
  }
}
