import { EtcdClosedError } from '../errors/index.js';
import { normalizeKey, type EtcdKey } from '../http/key-path.js';
import type { EtcdNode } from '../keys/index.js';
import type { EtcdLogger } from '../options/index.js';
import type { EtcdEvent } from './events.js';
import { KeyTree } from './key-tree.js';
import { Listeners } from './listeners.js';
import type { EtcdWatcher } from './watcher.js';

/** One difference between what a cache held and what it holds. */
export interface EtcdCacheChange {
  readonly type: 'added' | 'changed' | 'removed';
  readonly key: string;
  /** What it holds now; `undefined` for a key that was removed. */
  readonly node: EtcdNode | undefined;
  /** What it held before; `undefined` for a key that was added. */
  readonly prevNode: EtcdNode | undefined;
}

/** What {@link EtcdCache.on} can listen to. */
export interface EtcdCacheEvents {
  /** Each difference, when the cache holds all those of the same event. */
  readonly change: [change: EtcdCacheChange];
  /** All differences of one event of etcd's: of a removed directory, or of a state that was read anew. */
  readonly changes: [changes: readonly EtcdCacheChange[]];
  /** What has ended the cache, which keeps its last state. */
  readonly error: [error: unknown];
}

/**
 * A live view of the files below a key: read-only, and in the order of etcd's sorted listings. It goes on giving its
 * last state while etcd is away, and catches up when it is back. Directories and hidden keys (`_…`) are not in it.
 *
 * @example
 * await using config = etcd.cache('/config');
 * await config.ready;
 * config.get('/config/port')?.value;
 * config.on('change', ({ key, node }) => console.log(key, node?.value));
 */
export class EtcdCache implements Iterable<[key: string, node: EtcdNode]>, AsyncDisposable {
  /** Resolves when the present state has been read; rejects when the cache ends before. */
  readonly ready: Promise<void>;
  readonly #watcher: EtcdWatcher;
  readonly #files = new KeyTree<EtcdNode>();
  readonly #listeners: Listeners;
  readonly #following: Promise<void>;
  #onReady: () => void = () => undefined;
  #onEnded: (error: unknown) => void = () => undefined;

  /** @internal Made by `cache`. @param watcher a recursive one that begins with the present state */
  constructor(watcher: EtcdWatcher, logger: EtcdLogger) {
    this.#watcher = watcher;
    this.#listeners = new Listeners(`The cache of ${watcher.key}`, logger);
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onEnded = reject;
    });
    this.ready.catch(() => undefined);
    this.#following = this.#follow();
  }

  /** The key whose files it holds. */
  get key(): string {
    return this.#watcher.key;
  }

  /** The store index up to which it has followed; 0 before it is {@link ready}. */
  get index(): number {
    return this.#watcher.index;
  }

  /** How many files it holds. */
  get size(): number {
    return this.#files.size;
  }

  /** A file as it was last heard of. @throws {EtcdInvalidKeyError} */
  get(key: EtcdKey): EtcdNode | undefined {
    return this.#files.get(normalizeKey(key));
  }

  /** Whether there is a file of that name. @throws {EtcdInvalidKeyError} */
  has(key: EtcdKey): boolean {
    return this.get(key) !== undefined;
  }

  *keys(): Generator<string, void, undefined> {
    for (const [key] of this.#files) yield key;
  }

  *values(): Generator<EtcdNode, void, undefined> {
    for (const [, node] of this.#files) yield node;
  }

  /** The files with their keys, in the order of the keys. */
  entries(): Generator<[key: string, node: EtcdNode], void, undefined> {
    return this.#files[Symbol.iterator]();
  }

  /** The same as {@link entries}. */
  [Symbol.iterator](): Generator<[key: string, node: EtcdNode], void, undefined> {
    return this.entries();
  }

  /** Calls a listener for each difference. The state that it begins with is told too, as keys that were added. */
  on<Name extends keyof EtcdCacheEvents>(
    name: Name,
    listener: (...args: EtcdCacheEvents[Name]) => void,
  ): this {
    this.#listeners.add(name, listener as (...args: unknown[]) => void);
    return this;
  }

  /** Takes back a listener. */
  off<Name extends keyof EtcdCacheEvents>(
    name: Name,
    listener: (...args: EtcdCacheEvents[Name]) => void,
  ): this {
    this.#listeners.remove(name, listener as (...args: unknown[]) => void);
    return this;
  }

  /** Follows no more, and keeps its last state. It never rejects, and may be called again. */
  async close(): Promise<void> {
    await this.#watcher.close();
    await this.#following;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #follow(): Promise<void> {
    try {
      for await (const event of this.#watcher) this.#take(event);
      this.#onEnded(new EtcdClosedError());
    } catch (error) {
      this.#onEnded(error);
      this.#listeners.report(error, 'has ended');
    }
  }

  #take(event: EtcdEvent): void {
    const changes = this.#apply(event);
    this.#onReady();
    if (changes.length === 0) return;
    this.#listeners.call('changes', changes);
    for (const change of changes) this.#listeners.call('change', change);
  }

  #apply(event: EtcdEvent): EtcdCacheChange[] {
    if (event.action === 'resync') {
      const removed = event.removed.flatMap((key) => this.#remove(key));
      // A file that has become a directory goes before what is in that.
      return [...removed, ...[...event.changed, ...event.added].flatMap((node) => this.#put(node))];
    }
    if (event.gone) return this.#remove('/');
    return event.removal ? this.#remove(event.key) : this.#put(event.node);
  }

  /** Takes in a node; a directory is none of the files, and may have taken the place of one. */
  #put(node: EtcdNode): EtcdCacheChange[] {
    const { key } = node;
    const prevNode = this.#files.get(key);
    if (node.dir) return prevNode === undefined ? [] : this.#remove(key);
    this.#files.set(key, node);
    return [{ type: prevNode === undefined ? 'added' : 'changed', key, node, prevNode }];
  }

  #remove(key: string): EtcdCacheChange[] {
    return this.#files
      .delete(key)
      .map(([removed, prevNode]) => ({ type: 'removed', key: removed, node: undefined, prevNode }));
  }
}
