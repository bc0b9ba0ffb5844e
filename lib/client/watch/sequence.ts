import type { Session } from '../cluster/session.js';
import type { StoreEvent } from './store-event.js';
import { Subscribers, type Gap } from './subscriber.js';

/** The order of a feed: each change is told once, and none before another one that lies before it. */
export class Sequence {
  readonly subscribers = new Subscribers();
  /** When something was told last, on the clock of `performance.now()`. */
  toldAt = -Infinity;
  /** The index of the event that was told last; 0 when there was none since the sequence has begun. */
  newest = 0;
  /** Everything up to this index has been told. */
  #position: number | undefined;
  /** Everything up to this index has been told, or was nothing to tell. */
  #floor: number;

  /** @param position the last index that is known; without it, the sequence has not begun */
  constructor(
    private readonly session: Session,
    position: number | undefined,
  ) {
    this.#position = position;
    this.#floor = position ?? 0;
  }

  /** Everything up to this index is settled; `undefined` before the beginning. */
  get position(): number | undefined {
    return this.#position === undefined ? undefined : Math.max(this.#position, this.#floor);
  }

  /** The last index that was told, or from which on it was to be told; 0 before the beginning. */
  get told(): number {
    return this.#position ?? 0;
  }

  /** Begins, or begins anew behind a gap. */
  begin(index: number, gap: Gap | undefined): void {
    this.#position = this.#floor = index;
    this.newest = 0;
    if (gap !== undefined) this.subscribers.miss(gap);
  }

  /** There is nothing to tell up to an index. One that comes late is told all the same. */
  settle(index: number): void {
    this.#floor = Math.max(this.#floor, index);
  }

  /** Whether an event has been told, or lies before what has. */
  isPast(event: StoreEvent): boolean {
    return event.index <= this.told;
  }

  tell(event: StoreEvent): void {
    if (this.isPast(event)) return;
    this.#position = this.newest = event.index;
    this.toldAt = performance.now();
    this.session.advance({ etcdIndex: event.index, raftTerm: undefined });
    this.subscribers.tell(event);
  }
}
