import type { Line } from './line.js';
import type { Lines } from './lines.js';

/** So many events in a millisecond are a burst, such as etcd drops streams in. */
const burst = 12;
/** How long after the last burst it is kept, in milliseconds. */
const keptFor = 10_000;

/**
 * A second line beside the one that tells, while events come in bursts. Nobody listens to it: it keeps what comes, and
 * takes over when etcd has dropped the first one.
 */
export class Standby {
  #line: Line | undefined;
  #isOpening = false;
  #isClosed = false;
  /** Events in the present millisecond. */
  #count = 0;
  #millisecond = 0;
  #burstAt = -Infinity;

  constructor(private readonly lines: Lines) {}

  /** The index of the newest event that it keeps; 0 when it keeps none. */
  get newest(): number {
    return this.#line?.newest ?? 0;
  }

  /** An event has come on the first line. */
  noted(now: number, endpoint: string): void {
    const millisecond = Math.floor(now);
    this.#count = millisecond === this.#millisecond ? this.#count + 1 : 1;
    this.#millisecond = millisecond;
    if (this.#count === burst) {
      this.#burstAt = now;
      this.open(endpoint);
    } else if (this.#line !== undefined && now - this.#burstAt > keptFor) this.take()?.close();
  }

  /** Opens a line at the same member, while events come in bursts and unless there is one. */
  open(endpoint: string): void {
    const isCalm = performance.now() - this.#burstAt > keptFor;
    if (isCalm || this.#line !== undefined || this.#isOpening || this.#isClosed) return;
    this.#isOpening = true;
    this.lines
      .fromNow(endpoint)
      .then((line) => {
        if (this.#isClosed) line.close();
        else this.#line = line;
      })
      // It is only a help; the next burst tries again.
      .catch(() => undefined)
      .finally(() => (this.#isOpening = false));
  }

  /** Gives the line away, to be listened to. */
  take(): Line | undefined {
    const line = this.#line;
    this.#line = undefined;
    return line;
  }

  close(): void {
    this.#isClosed = true;
    this.take()?.close();
  }
}
