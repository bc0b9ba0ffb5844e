import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdAbortedError, type EtcdClient, EtcdLockNotAcquiredError } from 'nestjs-etcd/client';

import { waitFor } from '../support/wait-for.js';
import { WatchedMember } from '../watch/watched-member.js';
import { abortOf, entriesOf, failureOf, hasEntries, late, longTtl, withoutRearming } from './queues.js';

describe('A lock that is taken over', () => {
  let etcd: WatchedMember;
  let old: EtcdClient;
  let next: EtcdClient;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
  });
  beforeEach(() => {
    old = etcd.client(withoutRearming);
    next = etcd.client(withoutRearming);
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  it('from its holder is held by who took it, with the same entry and fencing token', async () => {
    const before = await old.lock('held', { ttl: longTtl }).acquire();
    const after = await next.lock('held', { ttl: 2 * longTtl }).takeOver(before.uuid);
    expect(after).toMatchObject({ isHeld: true, key: before.key, fencingToken: before.fencingToken });
    expect(after.uuid).not.toBe(before.uuid);
    expect(await abortOf(before.signal)).toMatchObject({ code: 'ETCD_LEASE_LOST', loss: 'taken' });
    expect(before.isHeld).toBe(false);
    expect(await before.release()).toBe(false);
    const [entry] = await hasEntries(etcd, '/_locks/held', 1);
    expect(entry).toMatchObject({ value: after.uuid, createdIndex: before.fencingToken });
    expect(entry?.ttl).toBeGreaterThan(longTtl);
    await after.renew();
    expect(await after.release()).toBe(true);
    expect(await entriesOf(etcd, '/_locks/held')).toEqual([]);
  });

  it('is told of it at once also when it has held the lock for some time', async () => {
    const before = await old.lock('long', { ttl: longTtl }).acquire();
    await waitFor(() => etcd.watches.some((line) => line.includes(before.key)), { what: 'its watch' });
    await next.lock('long').takeOver(before.uuid);
    expect(await abortOf(before.signal)).toMatchObject({ loss: 'taken' });
  });

  it('is renewed by who took it, beyond its TTL', async () => {
    const before = await old.lock('renewed', { ttl: 3 }).acquire();
    const after = await next.lock('renewed', { ttl: 3 }).takeOver(before.uuid);
    const begin = performance.now();
    await waitFor(() => !after.isHeld || performance.now() - begin > 3_600, { what: 'more than a TTL' });
    expect(after.isHeld).toBe(true);
    expect(await entriesOf(etcd, '/_locks/renewed')).toMatchObject([{ value: after.uuid }]);
  });

  it('from a client that never lets its entry expire gets a TTL, and can be lost', async () => {
    const key = '/_locks/eternal/00000000000000000007';
    await etcd.raw.put(key, { value: 'of python' });
    const held = await next.lock('eternal', { ttl: longTtl }).takeOver('of python');
    expect(held.key).toBe(key);
    const [entry] = await entriesOf(etcd, '/_locks/eternal');
    expect(entry?.ttl).toBeLessThanOrEqual(longTtl);
    await etcd.raw.delete(key);
    expect(await abortOf(held.signal)).toMatchObject({ loss: 'removed' });
  });

  it('is not lost to those who wait behind it', async () => {
    const before = await old.lock('behind').acquire();
    const waiting = old.lock('behind').acquire();
    await hasEntries(etcd, '/_locks/behind', 2);
    const after = await next.lock('behind').takeOver(before.uuid);
    await expect(failureOf(() => old.lock('behind').acquire({ wait: 2_000 }))).resolves.toMatchObject({
      error: expect.any(EtcdLockNotAcquiredError),
    });
    await after.release();
    expect((await waiting).isHeld).toBe(true);
  });

  describe('from a waiter', () => {
    it('is waited for in its place, and the waiter queues up again at the end', async () => {
      const first = await etcd.writer.lock('waiter').acquire();
      const waiting = old.lock('waiter', { ttl: 4 }).acquire();
      const [, entry] = await hasEntries(etcd, '/_locks/waiter', 2);
      const taking = next.lock('waiter').takeOver(entry?.value ?? '');
      // The waiter learns it from its next renewal.
      const entries = await hasEntries(etcd, '/_locks/waiter', 3);
      expect(entries[1]?.key).toBe(entry?.key);
      expect(entries[1]?.value).not.toBe(entry?.value);
      await first.release();
      const taken = await taking;
      expect(taken).toMatchObject({ isHeld: true, key: entry?.key, fencingToken: entry?.createdIndex });
      await taken.release();
      expect(await waiting).toMatchObject({ isHeld: true, key: entries[2]?.key });
      await (await waiting).release();
    });

    it('is given back when `wait` is over, or the signal is aborted', async () => {
      await using first = await etcd.writer.lock('given back').acquire();
      for (const end of ['wait', 'signal']) {
        const key = '/_locks/given back/99999999999999999999';
        await etcd.writer.set(key, 'of another');
        const controller = new AbortController();
        const { signal } = controller;
        const taking = next
          .lock('given back')
          .takeOver('of another', end === 'wait' ? { wait: 2_000 } : { signal });
        const failure = failureOf(() => taking);
        // Swapped, or given back already.
        await waitFor(async () => (await etcd.writer.find(key))?.node.value !== 'of another', {
          what: 'the swap',
        });
        if (end === 'signal') controller.abort();
        const { error, after } = await failure;
        expect(error).toBeInstanceOf(end === 'wait' ? EtcdLockNotAcquiredError : EtcdAbortedError);
        expect(after).toBeLessThan((end === 'wait' ? 2_000 : 0) + late);
        await hasEntries(etcd, '/_locks/given back', 1);
      }
      expect(first.isHeld).toBe(true);
    });
  });

  it.each(['', ' of a queue where somebody is'])('is none where the uuid is unknown%s', async (where) => {
    const lock = next.lock(`unknown${where}`);
    const held = where === '' ? undefined : await old.lock(lock.name).acquire();
    await expect(lock.takeOver('0'.repeat(32))).rejects.toMatchObject({
      code: 'ETCD_LOCK_NOT_ACQUIRED',
      lock: lock.name,
      message: expect.stringContaining('no entry of its queue has that uuid'),
    });
    expect(await entriesOf(etcd, lock.key)).toHaveLength(held === undefined ? 0 : 1);
    expect(held?.isHeld).not.toBe(false);
  });

  it('is taken over by one of two who try it at the same time', async () => {
    const before = await old.lock('both').acquire();
    const results = await Promise.allSettled(
      [next, etcd.client()].map((client) => client.lock('both').takeOver(before.uuid)),
    );
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const [entry] = await hasEntries(etcd, '/_locks/both', 1);
    const winner = results.find((result) => result.status === 'fulfilled')?.value;
    expect(winner).toMatchObject({ isHeld: true, uuid: entry?.value });
  });
});
