import type { HistoryReader } from './history-reader.js';
import type { Found, Lines, PollOptions } from './lines.js';

/** How many are under way at most; they share a few connections. */
const widest = 64;
/** The same where etcd checks a password for each of them, which takes it a tenth of a second. */
const widestWithAuth = 4;
/** How many times as many are sent after one that has found something; and as few, after one without a plain answer. */
const step = 4;

/** What is asked for from an index on. */
interface Poll {
  readonly index: number;
  /** `undefined` where it has to be asked for alone. */
  readonly found: Promise<Found | undefined> | undefined;
}

/**
 * Polls at neighbouring indexes that are under way side by side. Most are short reads of one member; one that has no plain
 * answer is sent again alone, as any request is, and whoever answers that is asked for the rest.
 */
export class Polls {
  #underWay: Poll[] = [];
  #reader: HistoryReader | undefined;
  #width: number;
  #most: number;
  readonly #end = (): void => this.#reader?.close();

  /**
   * @param asked the index of the next one
   * @param isMany whether many are worth while before anything has been found
   */
  constructor(
    private readonly lines: Lines,
    private readonly options: PollOptions,
    private asked: number,
    isMany: boolean,
  ) {
    const { member, signal } = options;
    this.#most = lines.checksPasswords ? widestWithAuth : widest;
    this.#width = isMany ? this.#most : 1;
    this.#reader = member === undefined ? undefined : lines.openReader(member);
    signal.addEventListener('abort', this.#end);
  }

  /** How many would be under way now. */
  get width(): number {
    return this.#width;
  }

  /** What the first of them has found. @param end the last index that is worth asking for, unless nothing is under way */
  async first(end: number): Promise<Found> {
    for (
      ;
      this.#underWay.length < this.#width && (this.#underWay.length === 0 || this.asked <= end);
      this.asked++
    )
      this.#underWay.push({ index: this.asked, found: this.#reader?.poll(this.asked) });
    const { index, found } = this.#underWay.shift() as Poll;
    return (await found) ?? this.#askAlone(index);
  }

  /** Forgets what is under way, and goes on at an index. */
  restart(index: number): void {
    this.#underWay = [];
    this.asked = index;
  }

  /** Asks for nothing more before an index. */
  skip(index: number): void {
    this.asked = Math.max(this.asked, index);
  }

  widen(): void {
    this.#width = Math.min(this.#most, this.#width * step);
  }

  narrow(): void {
    this.#width = Math.max(1, this.#width / 2);
  }

  close(): void {
    this.options.signal.removeEventListener('abort', this.#end);
    this.#end();
  }

  async #askAlone(index: number): Promise<Found> {
    const found = await this.lines.poll(index, this.options);
    if (this.#reader !== undefined) this.#most = this.#width = Math.max(1, this.#most / step);
    this.#end();
    this.#reader = this.lines.openReader(found.member);
    this.restart(index + 1);
    return found;
  }
}
