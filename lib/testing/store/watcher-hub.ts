import { EventHistory } from './event-history.js';
import type { StoreEvent } from './store-event.js';
import { Watcher, type WatchOptions } from './watcher.js';

/** All watchers by their path, and what they can catch up with. */
export class WatcherHub {
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #history: EventHistory;
  #count = 0;

  constructor(history: number) {
    this.#history = new EventHistory(history);
  }

  /** How many live watchers there are. */
  get count(): number {
    return this.#count;
  }

  /**
   * Begins a watch. One that finds its event in the history has it at once and never gets another one, a stream
   * included: etcd's own flaw (protocol page, 3.5).
   *
   * @param index the store index
   * @throws {KeysError} 401
   */
  watch(path: string, { recursive, stream, waitIndex }: WatchOptions, index: number): Watcher {
    const lowest = waitIndex === 0 ? index + 1 : waitIndex;
    const past = this.#history.find(path, recursive, lowest);
    const watcher = new Watcher(path, recursive, stream, lowest, index);
    if (past === undefined) this.#register(watcher);
    else watcher.push(past);
    return watcher;
  }

  /** Goes on at another index, with the history of another hub if there is one. The watchers stay. */
  restart(index: number, from?: WatcherHub): void {
    this.#history.restart(index, from === undefined ? undefined : from.#history);
  }

  /** Takes up an index that no watcher is told of. */
  skip(index: number): void {
    this.#history.add(index, undefined);
  }

  /** Tells an event to the watchers of its key and of everything above it. */
  notify(event: StoreEvent): void {
    this.#history.add(event.index, event);
    if (this.#count === 0) return;
    const { key } = event.node;
    this.#notifyAt('/', event, false);
    for (let end = key.indexOf('/', 1); end > 0; end = key.indexOf('/', end + 1)) {
      this.#notifyAt(key.slice(0, end), event, false);
    }
    this.#notifyAt(key, event, false);
  }

  /** Tells the end of a node to those who watch just it. The event may be of a directory above it. */
  notifyRemoved(path: string, event: StoreEvent): void {
    if (this.#count > 0) this.#notifyAt(path, event, true);
  }

  #notifyAt(path: string, event: StoreEvent, removed: boolean): void {
    const watchers = this.#watchers.get(path);
    if (watchers === undefined) return;
    const isOwn = path === event.node.key;
    if (!isOwn && isHiddenBelow(path, event.node.key)) return;
    for (const watcher of watchers) {
      if ((watcher.recursive || isOwn || removed) && event.index >= watcher.lowest) watcher.push(event);
    }
  }

  #register(watcher: Watcher): void {
    let watchers = this.#watchers.get(watcher.path);
    if (watchers === undefined) {
      watchers = new Set();
      this.#watchers.set(watcher.path, watchers);
    }
    const all = watchers;
    all.add(watcher);
    this.#count++;
    watcher.unregister = () => {
      all.delete(watcher);
      this.#count--;
      if (all.size === 0) this.#watchers.delete(watcher.path);
    };
  }
}

/** Whether a name below `path` on the way to `key` begins with `_`. */
function isHiddenBelow(path: string, key: string): boolean {
  return key.includes('/_', path === '/' ? 0 : path.length);
}
