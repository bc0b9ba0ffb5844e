import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  EtcdLockNotAcquiredError,
  EtcdNotDirectoryError,
  type EtcdClient,
  type EtcdLockHandle,
} from 'nestjs-etcd/client';

import { WatchedMember } from '../watch/watched-member.js';
import { entriesOf, hasEntries, pathOf } from './queues.js';

let etcd: WatchedMember;
let client: EtcdClient;
let other: EtcdClient;
beforeAll(async () => {
  etcd = await WatchedMember.start();
});
beforeEach(() => {
  client = etcd.client();
  other = etcd.client();
});
afterEach(() => etcd.endTest());
afterAll(() => etcd[Symbol.asyncDispose]());

describe('A lock', () => {
  it('is held by the first entry of its queue, which tells all about it', async () => {
    const lock = client.lock('whole', { ttl: 7 });
    expect(lock).toMatchObject({ name: 'whole', key: '/_locks/whole', ttl: 7 });
    const held = await lock.acquire();
    const [entry] = await hasEntries(etcd, '/_locks/whole', 1);
    expect(entry).toMatchObject({ value: held.uuid, key: held.key, createdIndex: held.fencingToken });
    expect(entry?.key).toMatch(/^\/_locks\/whole\/\d{20}$/);
    expect([6, 7]).toContain(entry?.ttl);
    // As python-etcd writes it.
    expect(held.uuid).toMatch(/^[0-9a-f]{32}$/);
    expect(held).toMatchObject({ name: 'whole', ttl: 7, isHeld: true, signal: { aborted: false } });
    expect(held.remaining).toBeGreaterThan(5_000);
    expect(held.remaining).toBeLessThan(7_000);
  });

  it('is free when it was released, once, and its signal is not aborted by that', async () => {
    const held = await client.lock('released').acquire();
    expect(await held.release()).toBe(true);
    expect(await entriesOf(etcd, '/_locks/released')).toEqual([]);
    expect(held).toMatchObject({ isHeld: false, remaining: 0, signal: { aborted: false } });
    await expect(held.renew()).rejects.toMatchObject({ code: 'ETCD_LEASE_LOST', loss: 'released' });
    const next = await other.lock('released').acquire({ wait: 0 });
    expect(next.fencingToken).toBeGreaterThan(held.fencingToken);
    // Called again, it tells the same, and takes nothing from the next one.
    expect(await held.release()).toBe(true);
    expect(await entriesOf(etcd, '/_locks/released')).toMatchObject([{ value: next.uuid }]);
  });

  it('is released at the end of the block that holds it, also by what is thrown there', async () => {
    let inside: EtcdLockHandle | undefined;
    const block = async () => {
      await using held = await client.lock('using').acquire();
      inside = held;
      expect(await entriesOf(etcd, '/_locks/using')).toHaveLength(1);
      throw new Error('in the block');
    };
    await expect(block()).rejects.toThrow('in the block');
    expect(inside?.isHeld).toBe(false);
    expect(await entriesOf(etcd, '/_locks/using')).toEqual([]);
  });

  it('is given back while code still runs under it: the signal is aborted first', async () => {
    const held = await client.lock('abandoned').acquire();
    const released = held.abandon();
    expect(held.isHeld).toBe(false);
    expect(held.signal.reason).toMatchObject({ code: 'ETCD_LEASE_LOST', loss: 'released' });
    expect(await released).toBe(true);
    expect(await entriesOf(etcd, '/_locks/abandoned')).toEqual([]);
    expect(await held.release()).toBe(true);
  });

  it('is not waited for by tryAcquire, which leaves nothing in the queue', async () => {
    const held = await client.lock('try').tryAcquire();
    expect(held?.isHeld).toBe(true);
    expect(await other.lock('try').tryAcquire()).toBeUndefined();
    expect(await hasEntries(etcd, '/_locks/try', 1)).toMatchObject([{ value: held?.uuid }]);
    await held?.release();
    const next = await other.lock('try').tryAcquire();
    expect(next?.isHeld).toBe(true);
  });

  it('is not waited for with `wait: 0`, which rejects', async () => {
    const held = await client.lock('zero').acquire({ wait: 0 });
    await expect(other.lock('zero').acquire({ wait: 0 })).rejects.toMatchObject({
      name: 'EtcdLockNotAcquiredError',
      code: 'ETCD_LOCK_NOT_ACQUIRED',
      lock: 'zero',
      message: expect.stringMatching(/^The lock 'zero' was not acquired: .*others have it/),
    });
    expect(await hasEntries(etcd, '/_locks/zero', 1)).toMatchObject([{ value: held.uuid }]);
  });

  it('tells its holder and its waiters, in their order', async () => {
    const lock = client.lock('told', { ttl: 9 });
    expect(await lock.holder()).toBeUndefined();
    expect(await lock.waiters()).toEqual([]);
    const held = await lock.acquire();
    const waiting = [other.lock('told').acquire()];
    await hasEntries(etcd, lock.key, 2);
    waiting.push(client.lock('told').acquire());
    const entries = await hasEntries(etcd, lock.key, 3);
    const { key, uuid, fencingToken } = held;
    expect(await lock.holder()).toEqual({ key, uuid, fencingToken, ttl: expect.any(Number) });
    expect((await lock.waiters()).map((entry) => entry.uuid)).toEqual(
      entries.slice(1).map(({ value }) => value),
    );
    await held.release();
    for (const next of waiting) await (await next).release();
  });

  it('is held by an entry of another client too, which may live for ever', async () => {
    const entry = '/_locks/foreign/00000000000000000001';
    await etcd.raw.put(entry, { value: 'of another client' });
    const lock = client.lock('foreign');
    expect(await lock.holder()).toMatchObject({ key: entry, uuid: 'of another client', ttl: undefined });
    expect(await lock.tryAcquire()).toBeUndefined();
    const waiting = lock.acquire();
    await hasEntries(etcd, lock.key, 2);
    await etcd.raw.delete(entry);
    expect((await waiting).isHeld).toBe(true);
  });

  it('is free although another client has a directory in its queue', async () => {
    await etcd.raw.put('/_locks/dirs/-b/00000000000000000001', { value: 'of the lock dirs/-b' });
    const held = await client.lock('dirs').tryAcquire();
    expect(held?.isHeld).toBe(true);
    expect(await client.lock('dirs').waiters()).toEqual([]);
  });

  it('cannot be had where a file has its name', async () => {
    await etcd.raw.put('/_locks/file', { value: 'v' });
    await expect(client.lock('file').acquire()).rejects.toBeInstanceOf(EtcdNotDirectoryError);
    expect(await client.lock('file').holder()).toBeUndefined();
  });

  it('gives each holder a higher fencing token', async () => {
    const tokens: number[] = [];
    for (let i = 0; i < 5; i++)
      await (i % 2 === 0 ? client : other).lock('tokens').run((lock) => tokens.push(lock.fencingToken));
    expect(tokens).toEqual([...new Set(tokens)].toSorted((one, two) => one - two));
    expect(tokens).toHaveLength(5);
  });
});

describe('run', () => {
  it.each<[string, () => unknown]>([
    ['a value', () => 42],
    ['a promise', async () => 42],
  ])('returns what the code returns: %s', async (_, code) => {
    const lock = client.lock('run');
    expect(await lock.run(code)).toBe(42);
    expect(await entriesOf(etcd, lock.key)).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    [
      'at once',
      () => {
        throw new Error('of the code');
      },
    ],
    ['later', async () => Promise.reject(new Error('of the code'))],
  ])('rejects with what the code throws %s', async (_, code) => {
    const lock = client.lock('run');
    await expect(lock.run(code)).rejects.toThrow('of the code');
    expect(await entriesOf(etcd, lock.key)).toEqual([]);
  });

  it('runs code while the lock is held, one after the other', async () => {
    let inside = 0;
    let most = 0;
    const run = (by: EtcdClient) =>
      by.lock('one by one').run(async (lock) => {
        most = Math.max(most, ++inside);
        await etcd.writer.set('/anything', lock.uuid);
        expect(lock.isHeld).toBe(true);
        inside--;
        return lock.fencingToken;
      });
    const tokens = await Promise.all(Array.from({ length: 12 }, (_, i) => run(i % 2 === 0 ? client : other)));
    expect(most).toBe(1);
    expect(new Set(tokens).size).toBe(12);
  });

  it('does not run the code when the lock is not acquired', async () => {
    await using held = await client.lock('not run').acquire();
    let hasRun = false;
    const run = other.lock('not run').run(() => (hasRun = true), { wait: 0 });
    await expect(run).rejects.toBeInstanceOf(EtcdLockNotAcquiredError);
    expect(hasRun).toBe(false);
    expect(held.isHeld).toBe(true);
  });
});

describe('The name of a lock', () => {
  it.each([
    ['a/b', '/_locks/a%2Fb'],
    ['a%2Fb', '/_locks/a%252Fb'],
    ['.', '/_locks/%2E'],
    ['..', '/_locks/%2E%2E'],
    ['%', '/_locks/%25'],
    [' x ', '/_locks/ x '],
    ['Schlüssel 鍵 🔑', '/_locks/Schlüssel 鍵 🔑'],
    ['a?b#c&d=e+f', '/_locks/a?b#c&d=e+f'],
    ['_hidden', '/_locks/_hidden'],
    ['a\\b\n"', '/_locks/a\\b\n"'],
    ['n'.repeat(3_000), expect.stringMatching(/^\/_locks\/%sha256-[0-9a-f]{64}$/)],
    ['鍵'.repeat(1_000), expect.stringMatching(/^\/_locks\/%sha256-[0-9a-f]{64}$/)],
  ])('may be any text: %j', async (name, key) => {
    const lock = client.lock(name);
    expect([lock.name, lock.key]).toEqual([name, key]);
    const held = await lock.acquire({ wait: 10_000 });
    expect(await etcd.raw.value(pathOf(held.key))).toBe(held.uuid);
    expect(await other.lock(name).tryAcquire()).toBeUndefined();
    const waiting = other.lock(name).acquire({ wait: 10_000 });
    await hasEntries(etcd, lock.key, 2);
    expect(await held.release()).toBe(true);
    expect(await (await waiting).release()).toBe(true);
    expect(await entriesOf(etcd, lock.key)).toEqual([]);
  });

  it('means one lock of its own, whatever others are called', async () => {
    const names = ['a', 'a/b', 'a%2Fb', 'a/', '/a', 'A', ' a', 'a ', '.', '..', 'a/..', '%2E', '%'];
    const held = await Promise.all(names.map((name) => client.lock(name).tryAcquire()));
    expect(held.map((lock) => lock?.isHeld)).toEqual(names.map(() => true));
  });

  it('means another lock in each namespace, and below each prefix', async () => {
    const locks = [
      client.lock('same'),
      client.namespace('/app').lock('same'),
      client.namespace('/app').namespace('sub').lock('same'),
      client.lock('same', { prefix: '/other' }),
    ];
    const held = await Promise.all(locks.map((lock) => lock.tryAcquire()));
    expect(held.map((lock) => lock?.isHeld)).toEqual([true, true, true, true]);
    expect(held[1]?.key).toMatch(/^\/_locks\/same\//);
    for (const directory of ['/_locks', '/app/_locks', '/app/sub/_locks', '/other'])
      expect(await entriesOf(etcd, `${directory}/same`)).toHaveLength(1);
    expect(await other.namespace('/app').lock('same').tryAcquire()).toBeUndefined();
    expect(await other.lock('same', { prefix: '/app/_locks' }).tryAcquire()).toBeUndefined();
    await held[1]?.release();
    await hasEntries(etcd, '/app/_locks/same', 0);
  });

  it('means the same lock with and without slashes at the ends of the prefix', async () => {
    const prefixes = ['/my/locks', 'my/locks', '/my/locks/', 'my/locks/', ['my', 'locks']];
    for (const prefix of prefixes) {
      await using held = await client.lock('n', { prefix }).acquire({ wait: 10_000 });
      expect(held.key).toMatch(/^\/my\/locks\/n\/\d{20}$/);
      for (const same of prefixes)
        expect(await other.lock('n', { prefix: same }).tryAcquire()).toBeUndefined();
    }
    const atRoot = client.lock('at-root', { prefix: '/' });
    expect(await atRoot.run((lock) => lock.key)).toMatch(/^\/at-root\/\d{20}$/);
  });
});
