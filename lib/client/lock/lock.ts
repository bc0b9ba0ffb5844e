import type { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { traceOperation } from '../diagnostics/trace-operation.js';
import { EtcdLockNotAcquiredError, EtcdLockReentryError, EtcdOptionsError } from '../errors/index.js';
import type { EtcdNode } from '../keys/index.js';
import { Holding } from '../lease/holding.js';
import { holdWhile } from '../lease/lease-context.js';
import { defaultTtl } from '../lease/lease-options.js';
import { removeOwn } from '../lease/remove-own.js';
import { isForeign, mayBeDone } from '../lease/trying.js';
import { checkText, show, showType } from '../options/check.js';
import { Attempt } from './attempt.js';
import { EtcdLockHandle } from './lock-handle.js';
import { keyOf, tokenOf } from './lock-name.js';
import {
  checkAcquireOptions,
  checkLockOptions,
  checkRunOptions,
  checkTryOptions,
  type EtcdAcquireOptions,
  type EtcdLockOptions,
  type EtcdRunOptions,
} from './lock-options.js';
import { isFirst, Place, queueUp, tryFirst, type PlaceOptions, type QueueContext } from './place.js';
import { readQueue } from './queue.js';
import { tellAttempt, tellRelease, type ToldLock } from './tell.js';
import type { Tidy } from './tidy.js';

/** What locks need of their client. @internal */
export interface LockContext extends QueueContext {
  /** The locks that the running code was called under, by their directories. */
  readonly running: AsyncLocalStorage<ReadonlyMap<string, EtcdLockHandle>>;
  readonly tidy: Tidy;
}

/** Who holds a lock, or waits for it. */
export interface EtcdLockEntry {
  /** The entry, such as `/_locks/NAME/00000000000000000042`. */
  readonly key: string;
  readonly uuid: string;
  readonly fencingToken: number;
  /** Seconds until it expires, if it is not renewed; `undefined` for an entry of another client that never does. */
  readonly ttl: number | undefined;
}

const defaultPrefix = '/_locks';

/**
 * A lock of a cluster: one process at a time holds it, in the order in which they have asked, and it is free again when its
 * holder dies. Its queue is that of python-etcd's `Lock`, so that processes of both exclude each other.
 *
 * @example
 * const lock = etcd.lock('reports', { ttl: 10 });
 * await lock.run(async ({ signal, fencingToken }) => makeReports({ signal, fencingToken }), { wait: 5_000 });
 */
export class EtcdNamedLock {
  readonly #context: LockContext;
  readonly #place: PlaceOptions;

  /** @internal Made by `lock`. */
  constructor(
    context: LockContext,
    readonly name: string,
    options: EtcdLockOptions,
  ) {
    checkLockOptions(options);
    const { ttl = defaultTtl, prefix = defaultPrefix } = options;
    this.#context = context;
    this.#place = { directory: keyOf(prefix, name), ttl, value: uuid };
  }

  /** The directory of the queue, such as `/_locks/NAME`. */
  get key(): string {
    return this.#place.directory;
  }

  /** Seconds after which the lock is free when its holder has died. */
  get ttl(): number {
    return this.#place.ttl;
  }

  /**
   * Waits for the lock: `POST /v2/keys/_locks/NAME`, then `GET` of the same, and a watch of the entry before. While it
   * waits, it gets over the loss of members, of its entry and of etcd's history.
   *
   * @throws {EtcdLockNotAcquiredError} when `wait` has passed, {@link EtcdTimeoutError} when etcd has not answered by then,
   * {@link EtcdAbortedError}, and what its first request fails with; its entry is removed then
   */
  async acquire(options: EtcdAcquireOptions = {}): Promise<EtcdLockHandle> {
    checkAcquireOptions(options);
    if (options.wait === 0) return this.#tryNow(options);
    this.#refuseReentry();
    return this.#handle(
      await this.#attempt('lock.acquire', options, (attempt) => queueUp(this.#context, this.#place, attempt)),
    );
  }

  /**
   * Takes the lock if nobody has it: `POST /v2/keys/_locks/NAME`, then `GET` of the same.
   * @returns the lock that is held, or `undefined`. @throws what a request fails with; its entry is removed then
   */
  async tryAcquire(options: Pick<EtcdAcquireOptions, 'signal'> = {}): Promise<EtcdLockHandle | undefined> {
    checkTryOptions(options);
    this.#refuseReentry();
    const place = await this.#attempt('lock.tryAcquire', options, (attempt) =>
      tryFirst(this.#context, this.#place, attempt),
    );
    return place && this.#handle(place);
  }

  /**
   * Runs code while the lock is held, and releases it. The code is given the lock, and should end when its `signal` is aborted.
   *
   * @returns what the code returns. @throws what it throws, as {@link acquire}, {@link EtcdLeaseLostError} when the lock was
   * lost before the code had ended, and {@link EtcdLockReentryError}
   */
  async run<T>(code: (lock: EtcdLockHandle) => T, options: EtcdRunOptions = {}): Promise<Awaited<T>> {
    checkRunOptions(options);
    if (typeof code !== 'function')
      throw new EtcdOptionsError('code', `expected a function (lock) => result, got ${show(code)}`);
    const { reentrant = false, ...acquire } = options;
    const held = this.#own;
    if (reentrant && held !== undefined) return await code(held);
    const lock = await this.acquire(acquire);
    try {
      const result = await lock.enter(() => code(lock));
      lock.signal.throwIfAborted();
      return result;
    } finally {
      await lock.release();
    }
  }

  /** Who holds the lock: `GET /v2/keys/_locks/NAME?quorum=true`. */
  async holder(): Promise<EtcdLockEntry | undefined> {
    return (await this.#entries())[0];
  }

  /** Who waits for the lock, in their order: `GET /v2/keys/_locks/NAME?quorum=true`. */
  async waiters(): Promise<EtcdLockEntry[]> {
    return (await this.#entries()).slice(1);
  }

  /**
   * Goes on with an entry of another process, which is told that it has lost it: `PUT /v2/keys/_locks/NAME/ENTRY` with
   * `prevValue=UUID` and a new uuid. When that process held the lock, this one holds it now; otherwise it waits in its place.
   *
   * @throws {EtcdLockNotAcquiredError} when there is no such entry, and as {@link acquire}
   */
  async takeOver(uuidOfEntry: string, options: EtcdAcquireOptions = {}): Promise<EtcdLockHandle> {
    checkText('uuid', uuidOfEntry, showType);
    checkAcquireOptions(options);
    const taken = await this.#attempt('lock.takeOver', options, async (attempt) => {
      const place = await attempt.race(this.#adopt(uuidOfEntry), (late) => void late.leave());
      attempt.hasEntered = true;
      if (await isFirst(place, attempt.signal)) return place;
      throw new EtcdLockNotAcquiredError(this.name, 'the entry that was taken over is lost');
    });
    return this.#handle(taken);
  }

  /** The lock under which the running code was called. */
  get #own(): EtcdLockHandle | undefined {
    const lock = this.#context.running.getStore()?.get(this.#fullKey);
    return lock?.isHeld === true ? lock : undefined;
  }

  /** With the prefix of the namespace, by which locks of one name are told apart. */
  get #fullKey(): string {
    return this.#context.prefix + this.key;
  }

  get #told(): ToldLock {
    return { client: this.#context.client, name: this.name, key: this.#fullKey };
  }

  #refuseReentry(): void {
    if (this.#own !== undefined) throw new EtcdLockReentryError(this.name);
  }

  async #tryNow({ signal }: EtcdAcquireOptions): Promise<EtcdLockHandle> {
    const lock = await this.tryAcquire({ signal });
    if (lock === undefined) throw new EtcdLockNotAcquiredError(this.name, 'others have it');
    return lock;
  }

  async #attempt<Got extends Place | undefined>(
    operation: string,
    { wait, signal }: EtcdAcquireOptions,
    work: (attempt: Attempt) => Promise<Got>,
  ): Promise<Got> {
    const error = (): unknown =>
      new EtcdLockNotAcquiredError(this.name, `others have had it for the ${wait} ms that were given`);
    const limit = wait === undefined ? undefined : { milliseconds: wait, error };
    this.#context.tidy.used(this.#fullKey);
    let got: Got | undefined;
    try {
      const run = (): Promise<Got> => new Attempt(this.#context, signal, limit).run(work);
      const tell = (): Promise<Got> => tellAttempt(this.#told, run);
      got = await traceOperation(this.#context.client, operation, this.#fullKey, tell, undefined);
      return got;
    } finally {
      if (got === undefined) this.#context.tidy.left(this.#fullKey);
    }
  }

  #handle({ holding }: Place): EtcdLockHandle {
    const { running } = this.#context;
    tellRelease(this.#told, holding);
    return new EtcdLockHandle(this.name, holding, {
      enter: (lock, code) => running.run(new Map(running.getStore()).set(this.#fullKey, lock), code),
      left: () => this.#context.tidy.left(this.#fullKey),
    });
  }

  async #adopt(uuidOfEntry: string): Promise<Place> {
    const { keys, clock } = this.#context;
    const { directory, ttl } = this.#place;
    const { entries } = await readQueue(this.#context, directory);
    const entry = entries.find(({ value }) => value === uuidOfEntry);
    const none = (cause?: unknown): EtcdLockNotAcquiredError =>
      new EtcdLockNotAcquiredError(this.name, 'no entry of its queue has that uuid', { cause });
    if (entry === undefined) throw none();
    const value = uuid();
    const sentAt = clock.now();
    const swap = async (): Promise<Place> => {
      const { node } = await keys.compareAndSwap(entry.key, value, {
        prevValue: uuidOfEntry,
        ttl,
        uniqueValue: true,
      });
      return Place.of(this.#context, directory, new Holding(this.#context, { node, value, ttl, sentAt }));
    };
    try {
      return await holdWhile(this.#context.held, swap(), (late) => late.leave());
    } catch (error) {
      if (isForeign(error)) throw none(error);
      if (mayBeDone(error)) void removeOwn(this.#context, entry.key, value, sentAt + ttl * 1_000);
      throw error;
    }
  }

  async #entries(): Promise<EtcdLockEntry[]> {
    const { entries } = await readQueue(this.#context, this.key);
    return entries.map(toEntry);
  }
}

function toEntry(node: EtcdNode): EtcdLockEntry {
  return { key: node.key, uuid: node.value ?? '', fencingToken: tokenOf(node), ttl: node.ttl };
}

/** As python-etcd writes it: without dashes. */
function uuid(): string {
  return randomUUID().replaceAll('-', '');
}
