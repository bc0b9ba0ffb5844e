import { fetchHistory, type HistoryRange } from './history.js';
import type { Lines } from './lines.js';
import type { StoreEvent } from './store-event.js';

/** What a feed has missed, while it is fetched out of the history. */
export class Fetching {
  readonly #ending = new AbortController();
  readonly #to: Promise<number>;
  #outcome: Promise<unknown> = Promise.resolve(true);
  /** Says up to which index it is fetched, as soon as that is known. */
  upTo: (index: number) => void = () => undefined;

  constructor() {
    this.#to = new Promise((resolve) => (this.upTo = resolve));
  }

  /** Whether it was ended, or nobody has to fetch anything any more. */
  get isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  begin(
    lines: Lines,
    range: Pick<HistoryRange, 'from' | 'member' | 'isDense'>,
    deliver: (event: StoreEvent) => void,
  ): void {
    const whole = { ...range, to: this.#to, signal: this.#ending.signal };
    this.#outcome = fetchHistory(lines, whole, deliver).catch((error: unknown) => error);
  }

  /** Whether everything has been fetched, or why not. */
  async outcome(): Promise<unknown> {
    const outcome = await this.#outcome;
    return this.isOver || outcome;
  }

  end(): void {
    this.#ending.abort();
  }
}
