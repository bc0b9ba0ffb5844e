import { EtcdConfig, type EtcdConfigObject, type EtcdConfigOptions } from './config/index.js';
import { EtcdElection, type EtcdElectionOptions } from './election/index.js';
import { normalizeKey, type EtcdKey } from './http/key-path.js';
import type { KeysContext } from './keys/etcd-reads.js';
import { EtcdKeys } from './keys/index.js';
import { checkWatchable } from './keys/key-requests.js';
import { EtcdLease, type EtcdLeaseOptions } from './lease/index.js';
import { EtcdNamedLock, type EtcdLockOptions } from './lock/index.js';
import type { LockContext } from './lock/lock.js';
import { EtcdRegistry, type EtcdRegistryOptions } from './registry/index.js';
import {
  checkCacheOptions,
  checkWatchOptions,
  EtcdCache,
  EtcdWatcher,
  Scope,
  waitForChange,
  type EtcdCacheOptions,
  type EtcdChangeEvent,
  type EtcdWaitOptions,
  type EtcdWatchOptions,
} from './watch/index.js';
import type { WatchContext } from './watch/watcher.js';

/** What {@link EtcdNamespace} needs of its client. @internal */
export interface NamespaceContext extends KeysContext {
  readonly watch: WatchContext;
  readonly locks: Omit<LockContext, 'keys' | 'prefix'>;
}

/** The keys of a cluster, or those below a prefix: reading, writing and watching them, and what is built from that. */
export class EtcdNamespace extends EtcdKeys {
  readonly #context: NamespaceContext;

  /** @internal Made by the client and by {@link namespace}. */
  constructor(context: NamespaceContext, prefix: string) {
    super(context, prefix);
    this.#context = context;
  }

  /**
   * The same API for the keys below a prefix, which stands before every key that is sent and is cut off every key
   * that comes back. Namespaces nest; closing is the client's.
   */
  namespace(prefix: EtcdKey): EtcdNamespace {
    const full = this.full(prefix);
    return new EtcdNamespace(this.#context, full === '/' ? '' : full);
  }

  /**
   * Watches a key, or with `recursive` everything below it too: `GET /v2/keys/KEY?wait=true`. The key need not exist.
   * The watcher begins at once and keeps what comes until it is consumed, within bounds.
   *
   * @throws {EtcdOptionsError}, {@link EtcdInvalidKeyError} before anything is sent. What ends the watcher later, such as
   * {@link EtcdUnauthorizedError}, is thrown by its iteration; members that fail do not end it.
   * @example
   * for await (const event of etcd.watch('/config', { recursive: true, initial: true })) {
   *   if (event.action === 'resync') console.log('it is', event.node);
   *   else console.log(event.action, event.key, event.node.value);
   * }
   */
  watch(key: EtcdKey, options: EtcdWatchOptions = {}): EtcdWatcher {
    checkWatchOptions(options);
    const scope = new Scope(this.full(key), options.recursive === true);
    checkWatchable(scope.key);
    return new EtcdWatcher(this.#context.watch, scope, normalizeKey(key), this.store.prefix, options);
  }

  /**
   * Waits for one change of a key: `GET /v2/keys/KEY?wait=true`. Without a `timeout` it waits for as long as it takes.
   * @throws {EtcdTimeoutError} when there was none in time, {@link EtcdEventIndexClearedError} when changes since `waitIndex`
   * have left etcd's history
   */
  async waitForChange(key: EtcdKey, options: EtcdWaitOptions = {}): Promise<EtcdChangeEvent> {
    return waitForChange((watch) => this.watch(key, watch), options);
  }

  /**
   * A live view of the files below a key, built on a watch: `GET /v2/keys/KEY?recursive=true&quorum=true`, then
   * `GET /v2/keys/KEY?wait=true&recursive=true`. @throws {EtcdOptionsError}, {@link EtcdInvalidKeyError} before anything is sent
   */
  cache(key: EtcdKey, options: EtcdCacheOptions = {}): EtcdCache {
    checkCacheOptions(options);
    const watcher = this.watch(key, { ...options, recursive: true, initial: true });
    return new EtcdCache(watcher, this.#context.watch.logger);
  }

  /**
   * The files below a key as one nested, validated, frozen value, which follows etcd. It is built on a {@link cache}, and makes the
   * same requests. @throws {EtcdOptionsError}, {@link EtcdInvalidKeyError} before anything is sent
   */
  config<T = EtcdConfigObject>(prefix: EtcdKey, options: EtcdConfigOptions<T> = {}): EtcdConfig<T> {
    return new EtcdConfig(this, this.#context.watch.logger, prefix, options);
  }

  /**
   * Makes a key that lives while this process does: `PUT /v2/keys/KEY` with a TTL and `prevExist=false`. It is renewed until it
   * is released, or the client closes.
   *
   * @param value should be one that nobody else writes to the key, such as a uuid: it proves whose the key is
   * @throws {EtcdKeyExistsError} when somebody else has it, {@link EtcdOptionsError}, and what the request fails with
   */
  async lease(key: EtcdKey, value: string, options: EtcdLeaseOptions = {}): Promise<EtcdLease> {
    return EtcdLease.open(this.#locks, key, value, options);
  }

  /**
   * A lock of this name. Nothing is sent before it is used. @param name any text
   * @throws {EtcdOptionsError}, {@link EtcdInvalidKeyError}
   */
  lock(name: string, options: EtcdLockOptions = {}): EtcdNamedLock {
    return new EtcdNamedLock(this.#locks, name, options);
  }

  /**
   * An election of this name. Nothing is sent before it is used. @param name any text
   * @throws {EtcdOptionsError}, {@link EtcdInvalidKeyError}
   */
  election(name: string, options: EtcdElectionOptions = {}): EtcdElection {
    return new EtcdElection(this.#locks, name, options);
  }

  /**
   * The instances of a service of this name. Nothing is sent before it is used. @param name any text
   * @throws {EtcdOptionsError}, {@link EtcdInvalidKeyError}
   */
  registry(name: string, options: EtcdRegistryOptions = {}): EtcdRegistry {
    return new EtcdRegistry(this, name, options);
  }

  get #locks(): LockContext {
    return { ...this.#context.locks, keys: this, prefix: this.store.prefix };
  }
}
