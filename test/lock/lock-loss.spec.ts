import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  EtcdClosedError,
  type EtcdClient,
  EtcdIndeterminateError,
  EtcdLeaseLostError,
} from 'nestjs-etcd/client';

import { CuttingProxy } from '../faults/cutting-proxy.js';
import { waitFor } from '../support/wait-for.js';
import { RawWatch } from '../watch/raw-watch.js';
import { WatchedMember } from '../watch/watched-member.js';
import {
  abortOf,
  deadlineOf,
  entriesOf,
  failureOf,
  hasEntries,
  late,
  longTtl,
  withoutRearming,
} from './queues.js';

let etcd: WatchedMember;
let client: EtcdClient;
beforeAll(async () => {
  etcd = await WatchedMember.start();
});
beforeEach(() => {
  client = etcd.client({ sync: false, ...withoutRearming });
});
afterEach(async () => {
  etcd.proxy.blackHole(false);
  etcd.proxy.cutAfter(undefined);
  await etcd.endTest();
});
afterAll(() => etcd[Symbol.asyncDispose]());

describe('The holder of a lock', () => {
  it.each([
    ['its entry', (key: string) => key],
    ['the directory of the lock', () => '/gone/locks/n?recursive=true'],
    ['a directory above it', () => '/gone?recursive=true'],
  ])('is told when somebody deletes %s', async (_, path) => {
    const held = await client.lock('n', { prefix: '/gone/locks', ttl: longTtl }).acquire();
    await etcd.raw.delete(path(held.key));
    expect(await abortOf(held.signal)).toMatchObject({
      name: 'EtcdLeaseLostError',
      code: 'ETCD_LEASE_LOST',
      loss: 'removed',
      key: held.key,
    });
    expect(held).toMatchObject({ isHeld: false, remaining: 0 });
    await expect(held.renew()).rejects.toMatchObject({ loss: 'removed' });
    expect(await held.release()).toBe(false);
  });

  it('is told when that happens after it has held the lock for some time', async () => {
    const held = await client.lock('later', { ttl: longTtl }).acquire();
    await waitFor(() => etcd.watches.some((line) => line.includes(held.key)), { what: 'its watch' });
    await etcd.raw.delete(held.key);
    expect(await abortOf(held.signal)).toMatchObject({ loss: 'removed' });
  });

  it('is told when it was a waiter before, and etcd’s history has forgotten how it came', async () => {
    const first = await etcd.writer.lock('promoted').acquire();
    const waiting = client.lock('promoted', { ttl: longTtl }).acquire();
    await hasEntries(etcd, '/_locks/promoted', 2);
    await etcd.writeElsewhere(1_100);
    await first.release();
    const held = await waiting;
    await etcd.raw.delete('/_locks/promoted?recursive=true');
    expect(await abortOf(held.signal)).toMatchObject({ loss: 'removed' });
  });

  it.each([
    ['overwritten', async (key: string) => etcd.raw.put(key, { value: 'of another' })],
    ['written anew with the same value', async (key: string, value: string) => etcd.raw.put(key, { value })],
    [
      'deleted and made with the same value',
      async (key: string, value: string) => {
        await etcd.raw.delete(key);
        await etcd.raw.put(key, { value });
      },
    ],
  ])('is told when its entry is %s, and takes nothing from the new owner', async (_, overwrite) => {
    const held = await client.lock('taken', { ttl: longTtl }).acquire();
    await overwrite(held.key, held.uuid);
    const reason = await abortOf(held.signal);
    expect(reason).toBeInstanceOf(EtcdLeaseLostError);
    expect(['taken', 'removed']).toContain((reason as EtcdLeaseLostError).loss);
    const present = await etcd.raw.value(held.key);
    expect(await held.release()).toBe(false);
    expect(await etcd.raw.value(held.key)).toBe(present);
    await etcd.raw.delete(held.key);
  });

  it('has lost it to who overwrote its entry, and tells so', async () => {
    const held = await client.lock('overwritten').acquire();
    await etcd.raw.put(held.key, { value: 'of another' });
    // By a renewal, before the watch is there.
    await expect(held.renew()).rejects.toMatchObject({ code: 'ETCD_LEASE_LOST', loss: 'taken' });
    expect(held.signal.reason).toMatchObject({ loss: 'taken' });
    expect(await held.release()).toBe(false);
    expect(await etcd.raw.value(held.key)).toBe('of another');
  });

  it('does not delete what another has written when it releases before it was told', async () => {
    const held = await client.lock('unseen').acquire();
    await etcd.raw.put(held.key, { value: 'of another' });
    expect(await held.release()).toBe(false);
    expect(await etcd.raw.value(held.key)).toBe('of another');
  });
});

describe('A lock that is held', () => {
  it('stays so beyond its TTL, and nobody who watches is told of the renewals', async () => {
    const held = await client.lock('renewed', { ttl: 3 }).acquire();
    await using watch = await RawWatch.open(
      etcd.member,
      '/_locks/renewed?wait=true&recursive=true&stream=true',
    );
    const begin = performance.now();
    let least = Infinity;
    await waitFor(
      () => {
        least = Math.min(least, held.remaining);
        return performance.now() - begin > 3_600 || !held.isHeld;
      },
      { interval: 20, what: 'more than a TTL' },
    );
    expect(held).toMatchObject({ isHeld: true, signal: { aborted: false } });
    // It was never close to its end: 1.7 s are usual.
    expect(least).toBeGreaterThan(500);
    expect(await entriesOf(etcd, '/_locks/renewed')).toMatchObject([
      { value: held.uuid, createdIndex: held.fencingToken },
    ]);
    expect(watch.events).toEqual([]);
    await held.release();
    expect(await watch.has(1)).toEqual([`compareAndDelete ${held.key}`]);
  });

  it('is renewed by hand', async () => {
    const held = await client.lock('by hand', { ttl: 30 }).acquire();
    await etcd.raw.put(held.key, { refresh: 'true', ttl: '5', prevExist: 'true' });
    expect((await entriesOf(etcd, '/_locks/by hand'))[0]?.ttl).toBeLessThanOrEqual(5);
    const before = deadlineOf(held);
    const { remaining } = held;
    await waitFor(() => held.remaining < remaining - 50, { what: 'time to pass' });
    await held.renew();
    expect(deadlineOf(held)).toBeGreaterThan(before + 40);
    expect((await entriesOf(etcd, '/_locks/by hand'))[0]?.ttl).toBeGreaterThan(25);
  });

  it('is lost before its TTL has passed when etcd is out of reach', async () => {
    const held = await client.lock('hole', { ttl: 2 }).acquire();
    await using watch = await RawWatch.open(etcd.member, '/_locks/hole?wait=true&recursive=true&stream=true');
    await held.renew();
    const renewedAt = performance.now();
    let toldAt = 0;
    held.signal.addEventListener('abort', () => (toldAt = performance.now()));
    etcd.proxy.blackHole(true);
    // The holder's timer is due before this one, and so comes before it in a busy process too.
    await sleep(2_000);
    expect(held.signal.reason).toMatchObject({ loss: 'expired' });
    expect(toldAt - renewedAt).toBeGreaterThan(1_000);
    expect(held.isHeld).toBe(false);
    expect(await watch.has(1)).toEqual([`expire ${held.key}`]);
    const next = await etcd.writer.lock('hole').acquire({ wait: 10_000 });
    expect(next.fencingToken).toBeGreaterThan(held.fencingToken);
    await next.release();
  });

  it('is kept when the link comes back in time', async () => {
    const held = await client.lock('back', { ttl: 5 }).acquire();
    etcd.proxy.blackHole(true);
    await waitFor(() => held.remaining < 2_700, { what: 'renewals to fail' });
    etcd.proxy.blackHole(false);
    await waitFor(() => held.remaining > 3_500, { what: 'a renewal' });
    expect(held).toMatchObject({ isHeld: true, signal: { aborted: false } });
  });
});

describe('run, when the lock is lost while the code runs', () => {
  it('tells the code, and rejects', async () => {
    const lock = client.lock('run', { ttl: longTtl });
    const run = lock.run(async ({ key, signal }) => {
      await etcd.raw.delete(key);
      await abortOf(signal);
      return 'done nevertheless';
    });
    await expect(run).rejects.toMatchObject({ name: 'EtcdLeaseLostError', loss: 'removed' });
  });

  it('rejects with what the code throws then', async () => {
    const run = client.lock('run', { ttl: longTtl }).run(async ({ key, signal }) => {
      await etcd.raw.delete(key);
      await abortOf(signal);
      throw new Error('of the code');
    });
    await expect(run).rejects.toThrow('of the code');
  });
});

describe('A client that is closed', () => {
  it('releases what it holds, lets its waiters go, and leaves nothing in the queues', async () => {
    const held = await Promise.all(['one', 'two', 'three'].map((name) => client.lock(name).acquire()));
    await using foreign = await etcd.writer.lock('four').acquire();
    const waiting = [client.lock('one'), client.lock('four')].map((lock) => failureOf(() => lock.acquire()));
    await hasEntries(etcd, '/_locks/one', 2);
    await hasEntries(etcd, '/_locks/four', 2);
    await client.close();
    for (const { signal, isHeld } of held) {
      expect(isHeld).toBe(false);
      expect(signal.reason).toMatchObject({ code: 'ETCD_LEASE_LOST', loss: 'closed' });
    }
    for (const { error } of await Promise.all(waiting)) expect(error).toBeInstanceOf(EtcdClosedError);
    for (const name of ['one', 'two', 'three']) expect(await entriesOf(etcd, `/_locks/${name}`)).toEqual([]);
    expect(await entriesOf(etcd, '/_locks/four')).toMatchObject([{ value: foreign.uuid }]);
    await expect(client.lock('one').acquire()).rejects.toBeInstanceOf(EtcdClosedError);
    await expect(client.lock('one').tryAcquire()).rejects.toBeInstanceOf(EtcdClosedError);
  });

  it('closes before its timeout when etcd is out of reach', async () => {
    const held = await client.lock('unreachable').acquire();
    etcd.proxy.blackHole(true);
    const begin = performance.now();
    await client.close();
    expect(performance.now() - begin).toBeLessThan(late);
    expect(held.isHeld).toBe(false);
  });
});

describe('An answer that is lost', () => {
  /** A client whose first so many requests of a kind get no answer. */
  const behind = async (method: string, count: number) => {
    let left = count;
    const proxy = await CuttingProxy.start(etcd.member.directUrl, (line) =>
      line.startsWith(`${method} /v2/keys/_locks`) && left-- > 0 ? 0 : undefined,
    );
    return { proxy, client: etcd.client({ hosts: proxy.url, sync: false }) };
  };

  it('to the making of an entry costs nothing: the entry is recognised', async () => {
    const cut = await behind('POST', 1);
    await using proxy = cut.proxy;
    const held = await cut.client.lock('post').acquire({ wait: 10_000 });
    expect(proxy.cuts).toBe(1);
    expect(proxy.requests.filter((line) => line.startsWith('POST'))).toHaveLength(1);
    expect(await entriesOf(etcd, '/_locks/post')).toMatchObject([
      { key: held.key, value: held.uuid, createdIndex: held.fencingToken },
    ]);
    await cut.client.close();
    expect(await entriesOf(etcd, '/_locks/post')).toEqual([]);
  });

  it('to all that is sent fails the attempt, and its entry is removed once etcd answers', async () => {
    const hasty = etcd.client({ sync: false, timeout: 2_000 });
    await hasty.get('/');
    etcd.proxy.cutAfter(0);
    const acquire = hasty.lock('cut').acquire();
    await hasEntries(etcd, '/_locks/cut', 1);
    await expect(acquire).rejects.toBeInstanceOf(EtcdIndeterminateError);
    expect(await entriesOf(etcd, '/_locks/cut')).toHaveLength(1);
    etcd.proxy.cutAfter(undefined);
    await hasEntries(etcd, '/_locks/cut', 0);
    expect((await hasty.lock('cut').acquire({ wait: 10_000 })).isHeld).toBe(true);
  });

  it('to the release is made good', async () => {
    const cut = await behind('DELETE', 2);
    await using proxy = cut.proxy;
    const held = await cut.client.lock('delete').acquire();
    expect(await held.release()).toBe(true);
    expect(proxy.cuts).toBe(2);
    expect(await entriesOf(etcd, '/_locks/delete')).toEqual([]);
    await cut.client.close();
  });

  it('to a renewal costs nothing: the next one knows of it', async () => {
    const cut = await behind('PUT', 1);
    await using proxy = cut.proxy;
    const held = await cut.client.lock('put', { ttl: 30 }).acquire();
    const before = deadlineOf(held);
    const { remaining } = held;
    await waitFor(() => held.remaining < remaining - 100, { what: 'time to pass' });
    // This one may tell that its outcome is not known.
    await held.renew().catch(() => undefined);
    await held.renew();
    expect(proxy.cuts).toBe(1);
    expect(held).toMatchObject({ isHeld: true, signal: { aborted: false } });
    expect(deadlineOf(held)).toBeGreaterThan(before + 90);
    await cut.client.close();
    expect(await entriesOf(etcd, '/_locks/put')).toEqual([]);
  });
});
