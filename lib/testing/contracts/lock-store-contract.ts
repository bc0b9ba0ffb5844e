import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { EtcdLockStore } from '../../client/index.js';
import { casesFor, type ContractCase } from './contract.js';

/** What a store of locks can do; `EtcdLockStore` is one. Times are milliseconds. */
export type ContractLockStore = Pick<EtcdLockStore, 'acquire' | 'renew' | 'release'>;

/** Options of {@link lockStoreContract}. */
export interface LockStoreContractOptions {
  /** The shortest TTL that the store can keep, in ms. @default 1000, as etcd's */
  readonly shortestTtl?: number;
  /** How long after its end a lock may still be held, in ms. @default 1000, since etcd looks every half second */
  readonly lateness?: number;
}

const long = 60_000;

/**
 * What `EtcdLockStore` promises, for a store of your own: run each case as a test.
 *
 * @param newStore is called for each case; all stores that it gives must share their locks
 * @example
 * for (const { name, run } of lockStoreContract(() => new MyLockStore())) it(name, run);
 */
export function lockStoreContract(
  newStore: () => ContractLockStore | Promise<ContractLockStore>,
  { shortestTtl = 1_000, lateness = 1_000 }: LockStoreContractOptions = {},
): ContractCase[] {
  const key = () => `contract/${randomUUID()}`;
  return casesFor(newStore, {
    'a lock that nobody has is acquired, and nobody else gets it': async (store) => {
      const name = key();
      assert.equal((await store.acquire(name, 'a', long)).acquired, true);
      assert.deepEqual(await store.acquire(name, 'b', long), { acquired: false });
      assert.deepEqual(await store.acquire(name, 'a', long), { acquired: false });
    },
    'another store sees the same locks': async (store) => {
      const name = key();
      await store.acquire(name, 'a', long);
      const other = await newStore();
      assert.equal((await other.acquire(name, 'b', long)).acquired, false);
      assert.equal(await other.release(name, 'a'), true);
      assert.equal((await store.acquire(name, 'b', long)).acquired, true);
    },
    'of many who ask at once, one acquires': async (store) => {
      const name = key();
      const tries = await Promise.all(
        Array.from({ length: 20 }, (_, i) => store.acquire(name, `${i}`, long)),
      );
      assert.equal(tries.filter(({ acquired }) => acquired).length, 1);
    },
    'locks of different names have nothing to do with each other': async (store) => {
      const [one, two] = [key(), key()];
      await store.acquire(one, 'a', long);
      assert.equal((await store.acquire(two, 'b', long)).acquired, true);
      assert.equal(await store.release(one, 'a'), true);
      assert.equal(await store.renew(two, 'b', long), true);
    },
    'fencing tokens grow': async (store) => {
      const name = key();
      let last = -Infinity;
      for (const owner of ['a', 'b', 'a']) {
        const acquired = await store.acquire(name, owner, long);
        assert.ok(
          acquired.acquired && acquired.fencingToken > last,
          'the next token is not above the last one',
        );
        last = acquired.fencingToken;
        await store.release(name, owner);
      }
    },
    'only its owner releases a lock, once': async (store) => {
      const name = key();
      assert.equal(await store.release(name, 'a'), false);
      await store.acquire(name, 'a', long);
      assert.equal(await store.release(name, 'b'), false);
      assert.equal((await store.acquire(name, 'b', long)).acquired, false);
      assert.equal(await store.release(name, 'a'), true);
      assert.equal(await store.release(name, 'a'), false);
    },
    'only its owner renews a lock': async (store) => {
      const name = key();
      assert.equal(await store.renew(name, 'a', long), false);
      await store.acquire(name, 'a', long);
      assert.equal(await store.renew(name, 'b', long), false);
      assert.equal(await store.renew(name, 'a', long), true);
    },
    'a lock that is not renewed ends, and its owner has it no longer': async (store) => {
      const name = key();
      await store.acquire(name, 'a', shortestTtl);
      await sleep(shortestTtl + lateness);
      assert.equal(await store.renew(name, 'a', long), false);
      assert.equal((await store.acquire(name, 'b', long)).acquired, true);
      assert.equal(await store.release(name, 'a'), false);
    },
    'a lock that is renewed goes on': async (store) => {
      const name = key();
      await store.acquire(name, 'a', shortestTtl);
      assert.equal(await store.renew(name, 'a', long), true);
      await sleep(shortestTtl + lateness);
      assert.equal((await store.acquire(name, 'b', long)).acquired, false);
      assert.equal(await store.renew(name, 'a', long), true);
    },
  });
}
