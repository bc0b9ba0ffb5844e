import type { HistoryReader } from './history-reader.js';
import type { Found, Lines, PollOptions } from './lines.js';

/** How many are under way at most, and how many connections they share. */
interface Breadth {
  readonly polls: number;
  readonly connections: number;
}

const broad: Breadth = { polls: 64, connections: 8 };
/** After one without a plain answer: old servers take a request that follows another one for its end. */
const cautious: Breadth = { polls: 16, connections: 16 };
/** Where etcd checks a password for each of them, which takes it a tenth of a second. */
const withAuth: Breadth = { polls: 4, connections: 4 };
/** How many times as many are sent after one that has found something. */
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
  #breadth: Breadth;
  #width: number;
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
    this.#breadth = lines.checksPasswords ? withAuth : broad;
    this.#width = isMany ? this.#breadth.polls : 1;
    this.#open(member);
    signal.addEventListener('abort', this.#end);
  }

  /** How many would be under way now. */
  get width(): number {
    return this.#width;
  }

  /** What the first of them has found. @param end the last index that is worth asking for, unless nothing is under way */
  async first(end: number): Promise<Found> {
    while (this.#underWay.length < this.#width && (this.#underWay.length === 0 || this.asked <= end)) {
      const index = this.asked++;
      this.#underWay.push({ index, found: this.#reader?.poll(index) });
    }
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
    this.#width = Math.min(this.#breadth.polls, this.#width * step);
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
    if (this.#reader !== undefined && this.#breadth === broad) this.#breadth = cautious;
    this.#width = Math.min(this.#width, this.#breadth.polls);
    this.#end();
    this.#open(found.member);
    this.restart(index + 1);
    return found;
  }

  #open(member: string | undefined): void {
    this.#reader =
      member === undefined ? undefined : this.lines.openReader(member, this.#breadth.connections);
  }
}
