import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type { EtcdClient } from '../../client/index.js';
import { casesFor, type ContractCase } from './contract.js';

/** What a client can do with keys; `EtcdClient` and `EtcdService` are two. */
export type ContractClient = Pick<
  EtcdClient,
  | 'get'
  | 'find'
  | 'exists'
  | 'set'
  | 'create'
  | 'update'
  | 'compareAndSwap'
  | 'compareAndDelete'
  | 'append'
  | 'mkdir'
  | 'delete'
  | 'refresh'
>;

/**
 * What the keys of `EtcdClient` promise, for a client of your own or a stand-in for `EtcdService`: run each case as a test.
 *
 * @param newClient is called for each case; each one uses a directory of its own
 * @example
 * for (const { name, run } of clientContract(() => new FakeEtcd())) it(name, run);
 */
export function clientContract(newClient: () => ContractClient | Promise<ContractClient>): ContractCase[] {
  const directory = () => `/contract/${randomUUID()}`;
  return casesFor(newClient, {
    'a value is read as it was set, whatever it is': async (etcd) => {
      const key = `${directory()}/key`;
      for (const value of ['', 'plain', 'é €', 'a=b&c d+e%41', '{"json":[1,"2"]}', '\n\t "quoted" <>\\']) {
        await etcd.set(key, value);
        assert.equal((await etcd.get(key)).node.value, value);
      }
    },
    'each change has an index above the ones before': async (etcd) => {
      const key = `${directory()}/key`;
      const first = await etcd.set(key, '1');
      assert.deepEqual([first.created, first.prevNode], [true, undefined]);
      const second = await etcd.set(key, '2');
      assert.equal(second.created, false);
      assert.equal(second.prevNode?.value, '1');
      assert.ok(
        second.node.modifiedIndex > first.node.modifiedIndex,
        'the second index is not above the first one',
      );
    },
    'a key that is not there is not found': async (etcd) => {
      const key = `${directory()}/key`;
      await assert.rejects(etcd.get(key), { code: 'ETCD_KEY_NOT_FOUND' });
      assert.equal(await etcd.find(key), undefined);
      assert.equal(await etcd.exists(key), false);
      await assert.rejects(etcd.update(key, '1'), { code: 'ETCD_KEY_NOT_FOUND' });
      await assert.rejects(etcd.delete(key), { code: 'ETCD_KEY_NOT_FOUND' });
    },
    'a key is created once, and updated afterwards': async (etcd) => {
      const key = `${directory()}/key`;
      assert.equal((await etcd.create(key, '1')).created, true);
      await assert.rejects(etcd.create(key, '2'), { code: 'ETCD_KEY_EXISTS' });
      await etcd.update(key, '3');
      assert.equal((await etcd.get(key)).node.value, '3');
    },
    'a swap takes the value or the index that it names': async (etcd) => {
      const key = `${directory()}/key`;
      const { node } = await etcd.set(key, '1');
      await assert.rejects(etcd.compareAndSwap(key, '2', { prevValue: 'other' }), {
        code: 'ETCD_COMPARE_FAILED',
      });
      await etcd.compareAndSwap(key, '2', { prevValue: '1' });
      await assert.rejects(etcd.compareAndSwap(key, '3', { prevIndex: node.modifiedIndex }), {
        code: 'ETCD_COMPARE_FAILED',
      });
      assert.equal((await etcd.get(key)).node.value, '2');
    },
    'of many who swap the same value, one does': async (etcd) => {
      const key = `${directory()}/key`;
      await etcd.set(key, 'start');
      const swaps = Array.from({ length: 20 }, (_, i) =>
        etcd.compareAndSwap(key, `${i}`, { prevValue: 'start' }),
      );
      const results = await Promise.allSettled(swaps);
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    },
    'a removal takes the value that it names': async (etcd) => {
      const key = `${directory()}/key`;
      await etcd.set(key, '1');
      await assert.rejects(etcd.compareAndDelete(key, { prevValue: 'other' }), {
        code: 'ETCD_COMPARE_FAILED',
      });
      await etcd.compareAndDelete(key, { prevValue: '1' });
      assert.equal(await etcd.exists(key), false);
    },
    'what is appended is listed in its order': async (etcd) => {
      const queue = directory();
      for (const value of ['1', '2', '3']) await etcd.append(queue, value);
      const { node } = await etcd.get(queue, { sorted: true });
      assert.deepEqual(
        node.children.map(({ value }) => value),
        ['1', '2', '3'],
      );
    },
    'a directory holds what is below it, and goes with it when that is asked for': async (etcd) => {
      const top = directory();
      await etcd.mkdir(`${top}/empty`);
      await etcd.set(`${top}/a/b`, '1');
      const { node } = await etcd.get(top, { recursive: true, sorted: true });
      assert.deepEqual(
        node.children.map(({ key, dir }) => [key, dir]),
        [
          [`${top}/a`, true],
          [`${top}/empty`, true],
        ],
      );
      await assert.rejects(etcd.set(`${top}/a`, '1'), { code: 'ETCD_NOT_FILE' });
      await assert.rejects(etcd.set(`${top}/a/b/c`, '1'), { code: 'ETCD_NOT_DIRECTORY' });
      await assert.rejects(etcd.delete(`${top}/a`, { dir: true }), { code: 'ETCD_DIRECTORY_NOT_EMPTY' });
      await etcd.delete(top, { recursive: true });
      assert.equal(await etcd.exists(top), false);
    },
    'a name with `_` in front is in no listing': async (etcd) => {
      const top = directory();
      await etcd.set(`${top}/_hidden`, '1');
      await etcd.set(`${top}/shown`, '1');
      const { node } = await etcd.get(top);
      assert.deepEqual(
        node.children.map(({ key }) => key),
        [`${top}/shown`],
      );
      assert.equal((await etcd.get(`${top}/_hidden`)).node.value, '1');
    },
    'a TTL is told, and goes on when it is refreshed without a change': async (etcd) => {
      const key = `${directory()}/key`;
      const { node } = await etcd.set(key, '1', { ttl: 100 });
      assert.ok(isLeftOf(100, node.ttl), `the TTL is ${node.ttl}`);
      const refreshed = await etcd.refresh(key, 200);
      assert.equal(refreshed.node.value, '1');
      const { ttl } = (await etcd.get(key)).node;
      assert.ok(isLeftOf(200, ttl), `the TTL is ${ttl} once it was refreshed`);
      await etcd.set(key, '1');
      assert.equal((await etcd.get(key)).node.ttl, undefined);
    },
  });
}

/** Whether a TTL is what may be left of one that was given a moment ago. */
function isLeftOf(seconds: number, ttl: number | undefined): boolean {
  return ttl !== undefined && ttl > seconds - 10 && ttl <= seconds;
}
