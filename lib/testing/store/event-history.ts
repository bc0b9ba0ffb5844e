import { KeysError } from './error-codes.js';
import type { StoreEvent } from './store-event.js';

/**
 * The last changes of the store, one for each index. A change that no watcher may see (a refresh, a user, a member)
 * takes up its place all the same.
 */
export class EventHistory {
  #events: (StoreEvent | undefined)[] = [];
  #first = 1;
  #last = 0;

  constructor(private readonly capacity: number) {}

  /** The index of the oldest change that is kept. */
  get oldest(): number {
    return Math.max(this.#first, this.#last - this.capacity + 1);
  }

  /** Forgets all changes up to an index, or takes over another history. */
  restart(last: number, from?: EventHistory): void {
    this.#events = from === undefined ? [] : [...from.#events];
    this.#first = from?.oldest ?? last + 1;
    this.#last = last;
  }

  add(index: number, event: StoreEvent | undefined): void {
    this.#last = index;
    this.#events[index % this.capacity] = event;
  }

  /** The first change from `index` on that a watcher of `path` wants. @throws {KeysError} 401 if it may be lost */
  find(path: string, recursive: boolean, index: number): StoreEvent | undefined {
    if (index < this.oldest) {
      const reason = `the requested history has been cleared [${this.oldest}/${index}]`;
      throw new KeysError(401, reason, this.#last);
    }
    for (let i = index; i <= this.#last; i++) {
      const event = this.#events[i % this.capacity];
      if (event !== undefined && matches(event, path, recursive)) return event;
    }
    return undefined;
  }
}

/**
 * The rules of protocol page 3.4. They are not those of live events: hidden keys are told, and the end of a directory
 * is told to every path that begins with the same characters.
 */
function matches({ action, node, prevNode }: StoreEvent, path: string, recursive: boolean): boolean {
  if (node.key === path) return true;
  if (recursive && node.key.startsWith(path === '/' ? '/' : `${path}/`)) return true;
  const ended = action === 'delete' || action === 'expire';
  return ended && prevNode?.dir === true && path.startsWith(prevNode.key);
}
