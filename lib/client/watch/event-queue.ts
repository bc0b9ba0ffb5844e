import type { EtcdRelation } from './scope.js';
import type { StoreEvent } from './store-event.js';

/** Events of one watcher may take this much memory while they wait, counted as they came. */
const mostBytes = 4 * 1024 * 1024;

/** An event as it concerns one watcher. */
export interface QueuedEvent {
  readonly event: StoreEvent;
  readonly relation: EtcdRelation;
}

interface Link {
  readonly queued: QueuedEvent;
  next: Link | undefined;
}

/** What waits for a consumer, in order and within bounds. */
export class EventQueue {
  // Linked, because it is empty most of the time, and an array would be made anew for each event.
  #first: Link | undefined;
  #last: Link | undefined;
  #size = 0;
  #bytes = 0;

  constructor(private readonly most: number) {}

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** Adds one. Gives `false`, and keeps nothing of it, when there are too many. */
  push(queued: QueuedEvent): boolean {
    const bytes = this.#bytes + queued.event.bytes;
    // A single one is taken however long it is, or nobody would ever get it.
    if (this.#size >= this.most || (this.#size > 0 && bytes > mostBytes)) return false;
    const link: Link = { queued, next: undefined };
    if (this.#last === undefined) this.#first = link;
    else this.#last.next = link;
    this.#last = link;
    this.#size++;
    this.#bytes = bytes;
    return true;
  }

  shift(): QueuedEvent | undefined {
    const link = this.#first;
    if (link === undefined) return undefined;
    this.#first = link.next;
    if (link.next === undefined) this.#last = undefined;
    this.#size--;
    this.#bytes -= link.queued.event.bytes;
    return link.queued;
  }

  clear(): void {
    this.#first = this.#last = undefined;
    this.#size = this.#bytes = 0;
  }
}
