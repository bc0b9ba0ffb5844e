import type { EtcdNamespace } from '../etcd-namespace.js';
import { EtcdKeyExistsError, EtcdOptionsError } from '../errors/index.js';
import type { EtcdKey } from '../http/key-path.js';
import { isForeign } from '../lease/trying.js';
import { checkNames, checkText, show, showType } from '../options/check.js';
import { keyOf, normalizePrefix } from './lock-name.js';

/** Whether a lock was acquired, and its fencing token. */
export type EtcdLockStoreResult =
  { readonly acquired: true; readonly fencingToken: number } | { readonly acquired: false };

/** Where an {@link EtcdLockStore} keeps its locks. */
export interface EtcdLockStoreOptions {
  /** The directory of all locks of the store. @default '/_lock-store' */
  readonly prefix?: EtcdKey;
}

const names = new Set(['prefix']);
const longestTtl = 1_000_000_000;

/**
 * A store of locks for libraries that bring their own, such as `@nestjs/locks`, whose `LockStore` it is by its shape: one key
 * for each lock, whose value is its owner. Times are milliseconds, rounded up to etcd's whole seconds. etcd removes an expired
 * key up to half a second late, and until then it is held.
 *
 * @example
 * const store = new EtcdLockStore(etcd);
 * await store.acquire('reports', randomUUID(), 12_000);
 */
export class EtcdLockStore {
  readonly #etcd: Pick<EtcdNamespace, 'create' | 'refresh' | 'compareAndDelete'>;
  readonly #prefix: string;

  /** @throws {EtcdOptionsError} */
  constructor(
    etcd: Pick<EtcdNamespace, 'create' | 'refresh' | 'compareAndDelete'>,
    options: EtcdLockStoreOptions = {},
  ) {
    checkNames('options of EtcdLockStore', options, names);
    this.#etcd = etcd;
    const { prefix = '/_lock-store' } = options;
    this.#prefix = normalizePrefix(prefix);
  }

  /**
   * Takes a lock that nobody has: `PUT /v2/keys/_lock-store/KEY` with `prevExist=false`. The fencing token is the store index of
   * it. @param owner a text of this acquisition alone @param ttl in milliseconds
   */
  async acquire(key: string, owner: string, ttl: number): Promise<EtcdLockStoreResult> {
    checkText('owner', owner, showType);
    const options = { ttl: toSeconds(ttl), uniqueValue: true };
    try {
      const { node } = await this.#etcd.create(keyOf(this.#prefix, key, 'key'), owner, options);
      return { acquired: true, fencingToken: node.createdIndex };
    } catch (error) {
      if (error instanceof EtcdKeyExistsError) return { acquired: false };
      throw error;
    }
  }

  /** Whether it was renewed for its owner: `PUT` with `refresh=true&prevExist=true&prevValue=OWNER`. */
  async renew(key: string, owner: string, ttl: number): Promise<boolean> {
    checkText('owner', owner, showType);
    const options = { prevValue: owner, idempotent: true };
    return isOwners(this.#etcd.refresh(keyOf(this.#prefix, key, 'key'), toSeconds(ttl), options));
  }

  /** Whether it was released for its owner: `DELETE` with `prevValue=OWNER`. */
  async release(key: string, owner: string): Promise<boolean> {
    checkText('owner', owner, showType);
    return isOwners(this.#etcd.compareAndDelete(keyOf(this.#prefix, key, 'key'), { prevValue: owner }));
  }
}

async function isOwners(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (isForeign(error)) return false;
    throw error;
  }
}

function toSeconds(ttl: unknown): number {
  if (typeof ttl !== 'number' || !(ttl > 0) || ttl > longestTtl * 1_000)
    throw new EtcdOptionsError('ttl', `expected milliseconds above 0, up to 10^12, got ${show(ttl)}`);
  return Math.ceil(ttl / 1_000);
}
