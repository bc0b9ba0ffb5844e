import { randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdConnectionError, EtcdLockStore, type EtcdLockStoreResult } from 'nestjs-etcd/client';

import { CuttingProxy } from '../faults/cutting-proxy.js';
import { waitFor } from '../support/wait-for.js';
import { WatchedMember } from '../watch/watched-member.js';
import { entriesOf, failureOf, pathOf } from './queues.js';

const tokenOf = (result: EtcdLockStoreResult) => (result.acquired ? result.fencingToken : NaN);

describe('A store of locks', () => {
  let etcd: WatchedMember;
  let store: EtcdLockStore;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
  });
  beforeEach(() => {
    store = new EtcdLockStore(etcd.client());
  });
  afterEach(async () => {
    await etcd.proxy.accept();
    await etcd.endTest();
  });
  afterAll(() => etcd[Symbol.asyncDispose]());

  it('gives a lock to one owner, until that releases it', async () => {
    const first = await store.acquire('key', 'me', 10_000);
    expect(first).toEqual({ acquired: true, fencingToken: expect.any(Number) });
    const { node } = await etcd.raw.get('/_lock-store/key');
    expect(node).toMatchObject({ value: 'me', createdIndex: tokenOf(first) });
    expect([9, 10]).toContain(node.ttl);
    expect(await store.acquire('key', 'you', 10_000)).toEqual({ acquired: false });
    expect(await store.release('key', 'you')).toBe(false);
    expect(await etcd.raw.value('/_lock-store/key')).toBe('me');
    expect(await store.release('key', 'me')).toBe(true);
    expect(await store.release('key', 'me')).toBe(false);
    const second = await store.acquire('key', 'you', 10_000);
    expect(tokenOf(second)).toBeGreaterThan(tokenOf(first));
  });

  it('renews a lock for its owner alone, and never brings it back', async () => {
    await store.acquire('renewed', 'me', 5_000);
    expect(await store.renew('renewed', 'me', 100_000)).toBe(true);
    const { node } = await etcd.raw.get('/_lock-store/renewed');
    expect(node.ttl).toBeGreaterThan(95);
    expect(await store.renew('renewed', 'you', 200_000)).toBe(false);
    expect((await etcd.raw.get('/_lock-store/renewed')).node.ttl).toBeLessThanOrEqual(100);
    await store.release('renewed', 'me');
    expect(await store.renew('renewed', 'me', 5_000)).toBe(false);
    expect((await etcd.raw.get('/_lock-store/renewed')).status).toBe(404);
  });

  it('lets a lock expire that nobody renews', async () => {
    await store.acquire('expires', 'me', 1_000);
    await waitFor(async () => (await store.acquire('expires', 'you', 10_000)).acquired);
    expect(await store.renew('expires', 'me', 1_000)).toBe(false);
    expect(await store.release('expires', 'me')).toBe(false);
    expect(await etcd.raw.value('/_lock-store/expires')).toBe('you');
  });

  it.each([
    [1, 1],
    [0.5, 1],
    [999, 1],
    [1_000, 1],
    [1_001, 2],
    [12_345, 13],
    [1e12, 1e9],
  ])('rounds %d ms up to %d s', async (milliseconds, seconds) => {
    const key = `rounded-${milliseconds}`;
    await store.acquire(key, 'me', milliseconds);
    const before = Date.now();
    await store.renew(key, 'me', milliseconds);
    const after = Date.now();
    const { node } = await etcd.raw.get(`/_lock-store/${key}`);
    const expires = Date.parse(node.expiration ?? '');
    expect(expires - before).toBeGreaterThan(seconds * 1_000 - 200);
    expect(expires - after).toBeLessThan(seconds * 1_000 + 200);
  });

  it('takes any key, each of which is a lock of its own', async () => {
    const keys = ['a', 'a/b', 'a%2Fb', 'a/', '/a', '.', '..', '%', ' x ', '鍵 🔑', '_a', 'a?b#c', 'k\n\0'];
    keys.push('n'.repeat(3_000), 'n'.repeat(3_001), '鍵'.repeat(900));
    for (const key of keys)
      expect(await store.acquire(key, key.slice(0, 10), 50_000)).toMatchObject({ acquired: true });
    for (const key of keys) {
      expect(await store.acquire(key, 'you', 50_000)).toEqual({ acquired: false });
      expect(await store.renew(key, key.slice(0, 10), 50_000)).toBe(true);
      expect(await store.release(key, key.slice(0, 10))).toBe(true);
    }
    expect(await Promise.all(keys.map(async (key) => store.release(key, key.slice(0, 10))))).not.toContain(
      true,
    );
  });

  it('keeps its locks below its prefix, and in a namespace', async () => {
    const client = etcd.client();
    const other = new EtcdLockStore(client.namespace('/app'), { prefix: 'my/store/' });
    expect(await other.acquire('a/b', 'me', 5_000)).toMatchObject({ acquired: true });
    expect(await etcd.raw.value(pathOf('/app/my/store/a%2Fb'))).toBe('me');
    expect(await store.acquire('a/b', 'you', 5_000)).toMatchObject({ acquired: true });
  });

  it('gives a lock to exactly one of 16 who ask at once, each time with a higher token', async () => {
    const stores = [store, ...[1, 2, 3].map(() => new EtcdLockStore(etcd.client()))];
    const tokens: number[] = [];
    for (let round = 0; round < 10; round++) {
      const owners = Array.from({ length: 16 }, () => randomUUID());
      const results = await Promise.all(
        owners.map(async (owner, i) => ({
          owner,
          by: stores[i % 4] as EtcdLockStore,
          result: await (stores[i % 4] as EtcdLockStore).acquire('raced', owner, 30_000),
        })),
      );
      const winners = results.filter(({ result }) => result.acquired);
      expect(winners).toHaveLength(1);
      for (const { owner, by, result } of winners) {
        if (result.acquired) tokens.push(result.fencingToken);
        expect(await etcd.raw.value('/_lock-store/raced')).toBe(owner);
        expect(await by.release('raced', owner)).toBe(true);
      }
    }
    expect(tokens).toEqual([...new Set(tokens)].toSorted((one, other) => one - other));
    expect(await entriesOf(etcd, '/_lock-store/raced')).toEqual([]);
  });

  it('knows its own lock when the answer was lost', async () => {
    let left = 1;
    const rule = (line: string) => (line.startsWith('PUT') && left-- > 0 ? 0 : undefined);
    await using proxy = await CuttingProxy.start(etcd.member.directUrl, rule);
    const client = etcd.client({ hosts: proxy.url, sync: false });
    expect(await new EtcdLockStore(client).acquire('lost', 'me', 9_000)).toMatchObject({ acquired: true });
    expect(proxy.cuts).toBe(1);
    await client.close();
  });

  it('rejects when etcd is out of reach, in place of telling that others have the lock', async () => {
    const away = new EtcdLockStore(etcd.client({ timeout: 1_000, sync: false }));
    await etcd.proxy.refuse();
    for (const call of [
      () => away.acquire('away', 'me', 1_000),
      () => away.renew('away', 'me', 1_000),
      () => away.release('away', 'me'),
    ])
      expect((await failureOf(call)).error).toBeInstanceOf(EtcdConnectionError);
  });
});
