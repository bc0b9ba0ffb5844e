import type { HistoryReader } from './history-reader.js';
import type { Found, Lines, PollOptions } from './lines.js';

/** How many are under way at most, and how many connections they share. */
interface Breadth {
  readonly polls: number;
  readonly connections: number;
}

const broad: Breadth = { polls: 64, connections: 8 };
/** After one without a plain answer, because old servers take a request that follows another one for its end. */
const cautious: Breadth = { polls: 16, connections: 16 };
/** Where etcd checks a password for each of them, which takes it a tenth of a second. */
const withAuth: Breadth = { polls: 4, connections: 4 };
/** How many times as many are sent after one that has found what it was sent for. */
const step = 4;
/** What is under way may find so much, in bytes, as long as changes are as long as the last one. */
const mostBytes = 4 * 1024 * 1024;

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
  #member: string | undefined;
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
    this.#breadth = lines.checksPasswords ? withAuth : lines.borrowsConnections ? cautious : broad;
    this.#width = isMany ? this.#breadth.polls : 1;
    this.#member = options.member;
    options.signal.addEventListener('abort', this.#end);
  }

  /** What the first of them has found. @param end the last index that is worth asking for, unless nothing is under way */
  async first(end: number): Promise<Found> {
    this.#reader ??= this.#member === undefined ? undefined : this.#open(this.#member);
    while (this.#underWay.length < this.#width && (this.#underWay.length === 0 || this.asked <= end)) {
      const index = this.asked++;
      this.#underWay.push({ index, found: this.#reader?.poll(index) });
    }
    const { index, found } = this.#underWay.shift() as Poll;
    return (await found) ?? this.#askAlone(index);
  }

  /** Forgets what is under way, and goes on at an index. */
  restart(index: number): void {
    // What comes next would stand behind what is of no interest any more.
    if (this.#underWay.length > 0) this.#leave();
    this.asked = index;
  }

  /**
   * Asks for nothing more before an index, and for fewer where some have been sent for that already: the changes are further
   * apart. Or for more, where it is worth while.
   *
   * @param bytes how long the last change was
   */
  goOn(index: number, bytes: number, isWorthwhile: boolean): void {
    const before = this.#underWay.length;
    this.#underWay = this.#underWay.filter((poll) => poll.index >= index);
    this.asked = Math.max(this.asked, index);
    const inVain = before - this.#underWay.length;
    if (inVain > 0) this.#width = Math.max(1, this.#width / 2 ** inVain);
    else if (this.#width > 1 || isWorthwhile)
      this.#width = Math.min(this.#breadth.polls, this.#width * step, Math.ceil(mostBytes / bytes));
  }

  close(): void {
    this.options.signal.removeEventListener('abort', this.#end);
    this.#end();
  }

  async #askAlone(index: number): Promise<Found> {
    const found = await this.lines.poll(index, this.options);
    if (this.#reader !== undefined && this.#breadth === broad) this.#breadth = cautious;
    this.#width = Math.min(this.#width, this.#breadth.polls);
    this.#leave();
    this.#member = found.member;
    this.asked = index + 1;
    return found;
  }

  #leave(): void {
    this.#underWay = [];
    this.#end();
    this.#reader = undefined;
  }

  #open(member: string): HistoryReader | undefined {
    return this.lines.openReader(member, this.#breadth.connections);
  }
}
