import type { StoreEvent } from './store-event.js';

/** How many events may wait for a reader; one more, and etcd gives the watcher up without a word. */
const capacity = 100;

export interface WatchOptions {
  readonly recursive: boolean;
  readonly stream: boolean;
  /** Events of a lower index are passed over; 0 for "from now on". */
  readonly waitIndex: number;
}

/** One watch: the events that wait for its reader. */
export class Watcher {
  readonly #queue: StoreEvent[] = [];
  #onEvent: () => void = () => undefined;
  /** Takes it out of the hub; set while it is there. */
  unregister: (() => void) | undefined;

  constructor(
    readonly path: string,
    readonly recursive: boolean,
    readonly stream: boolean,
    /** The lowest index that it wants. */
    readonly lowest: number,
    /** The store index when it began. */
    readonly startIndex: number,
  ) {}

  /** What to call whenever there is something to {@link take}; at once, if there already is. */
  onEvent(listener: () => void): void {
    this.#onEvent = listener;
    if (this.#queue.length > 0) listener();
  }

  /** The next event for the reader. */
  take(): StoreEvent | undefined {
    return this.#queue.shift();
  }

  /** Keeps an event for the reader, or gives the watcher up if the reader is too far behind. */
  push(event: StoreEvent): void {
    if (this.#queue.length >= capacity) {
      this.remove();
      return;
    }
    this.#queue.push(event);
    if (!this.stream) this.remove();
    this.#onEvent();
  }

  /** Ends it; it keeps what it already has. May be called again. */
  remove(): void {
    this.unregister?.();
    this.unregister = undefined;
  }
}
