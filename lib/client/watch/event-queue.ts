import type { EtcdRelation } from './scope.js';
import type { StoreEvent } from './store-event.js';

/** Events of one watcher may take this much memory while they wait, counted as they came. */
const mostBytes = 4 * 1024 * 1024;

/** An event as it concerns one watcher. */
export interface QueuedEvent {
  readonly event: StoreEvent;
  readonly relation: EtcdRelation;
}

/** What waits for a consumer, in order and within bounds. */
export class EventQueue {
  #events: (QueuedEvent | undefined)[] = [];
  #first = 0;
  #bytes = 0;

  constructor(private readonly most: number) {}

  get isEmpty(): boolean {
    return this.#first === this.#events.length;
  }

  /** Adds one. Gives `false`, and keeps nothing of it, when there are too many. */
  push(queued: QueuedEvent): boolean {
    const waiting = this.#events.length - this.#first;
    // A single one is taken however long it is, or nobody would ever get it.
    if (waiting >= this.most || (waiting > 0 && this.#bytes + queued.event.bytes > mostBytes)) return false;
    this.#events.push(queued);
    this.#bytes += queued.event.bytes;
    return true;
  }

  shift(): QueuedEvent | undefined {
    const queued = this.#events[this.#first];
    if (queued === undefined) return undefined;
    this.#bytes -= queued.event.bytes;
    this.#events[this.#first++] = undefined;
    if (this.#first === this.#events.length) this.clear();
    else if (this.#first >= 1_024) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
    return queued;
  }

  clear(): void {
    this.#events = [];
    this.#first = 0;
    this.#bytes = 0;
  }
}
