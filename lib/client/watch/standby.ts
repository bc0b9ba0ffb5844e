import type { Line } from './line.js';
import type { Lines } from './lines.js';

/** So many events, as many as etcd keeps for a stream, are a burst when they come within so many milliseconds. */
const burst = { events: 100, within: 10 };
/** How long after the last burst it is kept, in milliseconds. */
const keptFor = 10_000;
/** What the first line has told so many milliseconds ago, it must have as well. */
const lookEvery = 5;

/**
 * A second line beside the one that tells, while events come in bursts. Nobody listens to it: it keeps what comes, and
 * takes over when etcd has dropped the first one.
 */
export class Standby {
  #line: Line | undefined;
  #isOpening = false;
  #isClosed = false;
  #idle: NodeJS.Timeout | undefined;
  /** Events since a time: what comes at once after this process has stood still is no burst. */
  #count = 0;
  #countedFrom = -Infinity;
  #burstAt = -Infinity;
  #lookedAt = -Infinity;
  /** What the first line had told at the last look. */
  #told = 0;

  constructor(private readonly lines: Lines) {}

  /** The index of the newest event that it keeps; 0 when it keeps none. */
  get newest(): number {
    return this.#line?.newest ?? 0;
  }

  /** An event has come on the first line. */
  noted(now: number, endpoint: string, index: number): void {
    if (this.#line !== undefined && now - this.#lookedAt >= lookEvery) this.#look(now, index);
    if (++this.#count < burst.events) return;
    const isBurst = now - this.#countedFrom <= burst.within;
    this.#count = 0;
    this.#countedFrom = now;
    if (!isBurst) return;
    this.#burstAt = now;
    this.open(endpoint);
  }

  /** Opens a line at the same member, while events come in bursts and unless there is one. */
  open(endpoint: string): void {
    const isCalm = performance.now() - this.#burstAt > keptFor;
    if (isCalm || this.#line !== undefined || this.#isOpening || this.#isClosed) return;
    this.#isOpening = true;
    this.lines
      .fromNow(endpoint)
      .then((line) => {
        if (this.#isClosed) return line.close();
        this.#line = line;
        this.#keep();
      })
      // It is only a help; the next burst tries again.
      .catch(() => undefined)
      .finally(() => (this.#isOpening = false));
  }

  /** Gives the line away, to be listened to, where it has come as far as an index. */
  take(least: number): Line | undefined {
    if (this.#line !== undefined && this.#line.reached < least) this.drop();
    const line = this.#line;
    this.#line = undefined;
    return line;
  }

  /** Lets go of the line: it may lack what the first one lacks, or stands at a member that is used no longer. */
  drop(): void {
    this.#line?.close();
    this.#line = undefined;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    this.drop();
  }

  /** Sees to it that etcd has not dropped it, once everything has been read that has come by now. */
  #look(now: number, index: number): void {
    const earlier = this.#told;
    this.#lookedAt = now;
    this.#told = index;
    setImmediate(() => {
      if (this.#line !== undefined && this.#line.reached < earlier) this.drop();
    });
  }

  #keep(): void {
    clearTimeout(this.#idle);
    const left = this.#burstAt + keptFor - performance.now();
    if (left <= 0) return this.drop();
    this.#idle = setTimeout(() => this.#keep(), left).unref();
  }
}
