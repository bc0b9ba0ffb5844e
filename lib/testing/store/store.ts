import type { EtcdClock } from '../clock.js';
import { type ErrorCode, KeysError } from './error-codes.js';
import { earliestExpiration } from './expiration.js';
import type { StoreEvent } from './store-event.js';
import { childPath, type StoreNode } from './store-node.js';
import type { Comparison, Content, Lifetime, StoreOptions } from './store-options.js';
import { restoreNodes, snapshotOf, type StoreSnapshot } from './store-snapshot.js';
import { countsAsSuccess, initialStats, type StatsKind } from './store-stats.js';
import { splitPath, Tree } from './tree.js';
import { TtlHeap } from './ttl-heap.js';
import type { Watcher, WatchOptions } from './watcher.js';
import { WatcherHub } from './watcher-hub.js';

/**
 * The store of etcd's v2 API: a tree of nodes, one index for all of them, and watchers. It knows nothing of HTTP.
 *
 * Paths are clean and absolute. The order of the checks and the text of each error are etcd's (protocol page, 2.5).
 * No operation's cost depends on how much there is elsewhere in the tree.
 */
export class Store {
  readonly stats = initialStats();
  readonly #clock: EtcdClock;
  readonly #hub: WatcherHub;
  #tree = new Tree();
  #ttls = new TtlHeap();
  #index = 0;
  /** How many reads asked for everything below; etcd itself has made one when it starts. */
  recursiveReads = 1;
  /** How many watches were asked for. */
  watchRequests = 0;

  constructor({ clock, history, initialIndex }: StoreOptions) {
    this.#clock = clock;
    this.#hub = new WatcherHub(history);
    while (this.#index < initialIndex) this.skipIndex();
  }

  get index(): number {
    return this.#index;
  }

  /** How many live watchers there are. */
  get watchers(): number {
    return this.#hub.count;
  }

  /** Whether anything is going to expire. */
  get hasTtls(): boolean {
    return this.#ttls.size > 0;
  }

  /** Takes up an index for a change that is not in the tree: of a user, a role, a member. */
  skipIndex(): void {
    this.#hub.skip(++this.#index);
  }

  get(path: string, { recursive, sorted }: { recursive: boolean; sorted: boolean }): StoreEvent {
    if (recursive) this.recursiveReads++;
    return this.#counted('gets', () => {
      const now = this.#clock.now();
      const node = this.#find(path);
      return { action: 'get', index: this.#index, node: node.listing(now, recursive, sorted) };
    });
  }

  set(path: string, { value, dir }: Content, lifetime: Lifetime = {}): StoreEvent {
    return this.#counted('sets', () => {
      const found = this.#tree.find(path);
      if (found.kind === 'file') throw this.#error(104, found.path);
      let kept = value;
      if (lifetime.refresh) {
        if (found.kind === 'missing') throw this.#error(100, found.path);
        kept = found.node.value;
      }
      return this.#put('set', path, { value: kept, dir }, lifetime);
    });
  }

  /** @param unique whether to make a child with the next index as its name, of the directory at `path` */
  create(path: string, { value, dir }: Content, expiration?: bigint, unique = false): StoreEvent {
    return this.#counted('create', () => {
      const name = String(this.#index + 1).padStart(20, '0');
      return this.#put('create', unique ? childPath(path, name) : path, { value, dir }, { expiration });
    });
  }

  update(path: string, value: string, lifetime: Lifetime = {}): StoreEvent {
    return this.#counted('update', () => {
      const node = this.#findBelowRoot(path);
      if (node.isDirectory && value !== '') throw this.#error(102, path);
      return this.#change('update', node, lifetime.refresh ? node.value : value, lifetime);
    });
  }

  compareAndSwap(path: string, compare: Comparison, value: string, lifetime: Lifetime = {}): StoreEvent {
    return this.#counted('compareAndSwap', () => {
      const node = this.#findBelowRoot(path);
      if (node.isDirectory) throw this.#error(102, path);
      this.#compare(node, compare);
      return this.#change('compareAndSwap', node, lifetime.refresh ? node.value : value, lifetime);
    });
  }

  delete(path: string, { dir, recursive }: { dir: boolean; recursive: boolean }): StoreEvent {
    return this.#counted('delete', () => {
      const node = this.#findBelowRoot(path);
      if (node.isDirectory && !dir && !recursive) throw this.#error(102, path);
      if (!recursive && node.children !== undefined && node.children.size > 0) throw this.#error(108, path);
      return this.#remove('delete', node);
    });
  }

  compareAndDelete(path: string, compare: Comparison): StoreEvent {
    return this.#counted('compareAndDelete', () => {
      const node = this.#find(path);
      if (node.isDirectory) throw this.#error(102, path === '/' ? '' : path);
      this.#compare(node, compare);
      return this.#remove('compareAndDelete', node);
    });
  }

  /** @throws {KeysError} 401 if the history does not go back that far */
  watch(path: string, options: WatchOptions): Watcher {
    this.watchRequests++;
    return this.#hub.watch(path, options, this.#index);
  }

  /**
   * Removes what has expired at a time, in the order in which it has. etcd does this twice a second.
   *
   * @param limit how many at most @returns whether that was all
   */
  sweep(time: bigint, limit: number): boolean {
    for (let left = limit; ; left--) {
      const node = this.#ttls.first;
      if (node?.expiration === undefined || node.expiration > time) return true;
      if (left === 0) return false;
      this.#expire(node);
    }
  }

  snapshot(): StoreSnapshot {
    return snapshotOf(this.#tree.root, this.#index);
  }

  /** Takes over another state. Watchers stay, and are told nothing of it. @param from has the history of that state */
  restore({ index, nodes }: StoreSnapshot, from?: Store): void {
    this.#tree = new Tree();
    this.#ttls = new TtlHeap();
    restoreNodes(this.#tree.root, nodes, (node) => this.#ttls.update(node));
    this.#index = index;
    this.#hub.restart(index, from === undefined ? undefined : from.#hub);
  }

  /** Lets a node expire at once, whether it has a TTL or not. @throws {KeysError} */
  expireNow(path: string): void {
    this.#expire(this.#findBelowRoot(path));
  }

  #expire(node: StoreNode): void {
    this.#remove('expire', node);
    this.stats.expireCount++;
  }

  #find(path: string): StoreNode {
    const found = this.#tree.find(path);
    if (found.kind === 'node') return found.node;
    throw this.#error(found.kind === 'missing' ? 100 : 104, found.path);
  }

  #findBelowRoot(path: string): StoreNode {
    if (path === '/') throw this.#error(107, '/');
    return this.#find(path);
  }

  /** Makes a node; `set` may put it in the place of a file. */
  #put(action: 'set' | 'create', path: string, content: Content, lifetime: Lifetime): StoreEvent {
    if (path === '/') throw this.#error(107, '/');
    const found = this.#tree.find(path);
    if (found.kind === 'file') {
      // etcd counts this one where it makes a node, and the create besides.
      this.stats.setsFail++;
      throw this.#error(104, found.path);
    }
    const now = this.#clock.now();
    const old = found.kind === 'node' ? found.node : undefined;
    if (old !== undefined && action === 'create') throw this.#error(105, path);
    if (old?.isDirectory) throw this.#error(102, path);
    const prevNode = old?.view(now);
    if (old !== undefined) this.#ttls.remove(old);

    const index = this.#index + 1;
    const [directory, name] = splitPath(path);
    const parent = old?.parent ?? this.#tree.makeDirectory(directory, index);
    const node = this.#tree.add(parent, name, content, index);
    const { expiration, refresh } = lifetime;
    if (expiration !== undefined && expiration >= earliestExpiration) {
      node.expiration = expiration;
      this.#ttls.update(node);
    }
    return this.#commit({ action, index, node: node.view(now), prevNode }, refresh);
  }

  /** Gives a node another value and another end. A directory's own index stays: etcd's flaw (2.5). */
  #change(
    action: 'update' | 'compareAndSwap',
    node: StoreNode,
    value: string,
    { expiration, refresh }: Lifetime,
  ): StoreEvent {
    const now = this.#clock.now();
    const prevNode = node.view(now);
    const index = this.#index + 1;
    if (!node.isDirectory) {
      node.value = value;
      node.modifiedIndex = index;
    }
    node.expiration = expiration;
    this.#ttls.update(node);
    return this.#commit(
      { action, index, node: { ...node.view(now), modifiedIndex: index }, prevNode },
      refresh,
    );
  }

  #remove(action: 'delete' | 'compareAndDelete' | 'expire', node: StoreNode): StoreEvent {
    const index = this.#index + 1;
    const { path: key, isDirectory: dir, createdIndex } = node;
    const prevNode = node.view(this.#clock.now());
    const event: StoreEvent = {
      action,
      index,
      node: { key, dir, modifiedIndex: index, createdIndex },
      prevNode,
    };
    node.parent?.children?.delete(node.name);
    this.#forget(node, event);
    return this.#commit(event, false);
  }

  /** Takes a subtree's TTLs out, and tells those who watch its nodes. Not recursive: trees may be very deep. */
  #forget(top: StoreNode, event: StoreEvent): void {
    const nodes = [top];
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      this.#ttls.remove(node);
      this.#hub.notifyRemoved(node.path, event);
      for (const child of node.children?.values() ?? []) nodes.push(child);
    }
  }

  #commit(event: StoreEvent, silent: boolean | undefined): StoreEvent {
    this.#index = event.index;
    if (silent) this.#hub.skip(event.index);
    else this.#hub.notify(event);
    return event;
  }

  #compare(node: StoreNode, { prevValue, prevIndex }: Comparison): void {
    const failures: string[] = [];
    if (prevValue !== '' && prevValue !== node.value) failures.push(`[${prevValue} != ${node.value}]`);
    if (prevIndex !== 0n && prevIndex !== BigInt(node.modifiedIndex)) {
      failures.push(`[${prevIndex} != ${node.modifiedIndex}]`);
    }
    if (failures.length > 0) throw this.#error(101, failures.join(' '));
  }

  #counted(kind: StatsKind, operation: () => StoreEvent): StoreEvent {
    try {
      const event = operation();
      this.stats[`${kind}Success`]++;
      return event;
    } catch (error) {
      const succeeded = error instanceof KeysError && countsAsSuccess(kind, error.errorCode);
      this.stats[`${kind}${succeeded ? 'Success' : 'Fail'}`]++;
      throw error;
    }
  }

  #error(code: ErrorCode, reason: string): KeysError {
    return new KeysError(code, reason, this.#index);
  }
}
