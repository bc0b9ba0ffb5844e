import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type EtcdClient, type EtcdNamedLock, EtcdLockReentryError } from 'nestjs-etcd/client';

import { WatchedMember } from '../watch/watched-member.js';
import { abortOf, entriesOf, hasEntries, longTtl, withoutRearming } from './queues.js';

describe('Code that runs under a lock', () => {
  let etcd: WatchedMember;
  let client: EtcdClient;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
  });
  beforeEach(() => {
    client = etcd.client(withoutRearming);
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  it.each<[string, (lock: EtcdNamedLock) => Promise<unknown>]>([
    ['run', (lock) => lock.run(() => 'inside')],
    ['acquire', (lock) => lock.acquire()],
    ['acquire without waiting', (lock) => lock.acquire({ wait: 0 })],
    ['tryAcquire', (lock) => lock.tryAcquire()],
  ])('is refused the same lock again, in place of waiting for itself: %s', async (_, ask) => {
    await client.lock('same').run(async () => {
      // Another object of the same name, asked for some calls further in.
      const deep = async () => Promise.resolve().then(() => ask(client.lock('same')));
      await expect(deep()).rejects.toBeInstanceOf(EtcdLockReentryError);
      await expect(deep()).rejects.toMatchObject({
        code: 'ETCD_LOCK_REENTRY',
        lock: 'same',
        message: expect.stringContaining('`reentrant: true`'),
      });
      expect(await entriesOf(etcd, '/_locks/same')).toHaveLength(1);
    });
    expect(await entriesOf(etcd, '/_locks/same')).toEqual([]);
  });

  it('goes on under the lock with `reentrant: true`, and the lock is released by the outer one alone', async () => {
    const lock = client.lock('reentrant');
    const result = await lock.run(async (outer) => {
      const inner = await lock.run(
        async (held) => {
          expect(held).toBe(outer);
          return lock.run(() => 'innermost', { reentrant: true });
        },
        { reentrant: true },
      );
      expect(outer.isHeld).toBe(true);
      expect(await entriesOf(etcd, lock.key)).toMatchObject([{ value: outer.uuid }]);
      return inner;
    });
    expect(result).toBe('innermost');
    expect(await entriesOf(etcd, lock.key)).toEqual([]);
  });

  it('acquires with `reentrant: true` what it does not hold', async () => {
    const lock = client.lock('free');
    await lock.run(async ({ key }) => expect(await entriesOf(etcd, lock.key)).toMatchObject([{ key }]), {
      reentrant: true,
    });
    expect(await entriesOf(etcd, lock.key)).toEqual([]);
  });

  it('may ask for other locks', async () => {
    const inside = await client.lock('outer').run(() =>
      client.lock('inner').run(async () => {
        await expect(client.lock('outer').acquire()).rejects.toBeInstanceOf(EtcdLockReentryError);
        await expect(client.lock('inner').acquire()).rejects.toBeInstanceOf(EtcdLockReentryError);
        return client.lock('outer', { prefix: '/other' }).run(({ key }) => key);
      }),
    );
    expect(inside).toMatch(/^\/other\/outer\//);
  });

  it('may ask for it again once it has lost it', async () => {
    const lock = client.lock('lost', { ttl: longTtl });
    const run = lock.run(async (lost) => {
      await etcd.raw.delete(lost.key);
      await abortOf(lost.signal);
      await lock.run(({ fencingToken }) => expect(fencingToken).toBeGreaterThan(lost.fencingToken));
      return 'end';
    });
    await expect(run).rejects.toMatchObject({ loss: 'removed' });
    expect(await entriesOf(etcd, lock.key)).toEqual([]);
  });

  it('may go on after the lock was released, and then ask for it', async () => {
    const lock = client.lock('left');
    let left: Promise<unknown> = Promise.resolve();
    let release: () => void = () => undefined;
    await lock.run(() => {
      const released = new Promise<void>((resolve) => (release = resolve));
      left = released.then(() => lock.run(() => 'later'));
    });
    release();
    expect(await left).toBe('later');
  });
});

describe('Code that runs under no lock', () => {
  it('queues up where other code of the same process holds the lock', async () => {
    await using etcd = await WatchedMember.start();
    const lock = etcd.client().lock('parallel');
    const [first, second] = [lock.acquire(), lock.acquire()];
    const one = await Promise.race([first, second]);
    await hasEntries(etcd, lock.key, 2);
    expect(await lock.tryAcquire()).toBeUndefined();
    await one.release();
    const both = await Promise.all([first, second]);
    expect(both.filter(({ isHeld }) => isHeld)).toHaveLength(1);

    // So it is beside a `run`, which knows its own code.
    await Promise.all(both.map((held) => held.release()));
    const order: string[] = [];
    const work = (name: string) =>
      lock.run(async () => {
        order.push(`${name} begins`);
        await etcd.writer.set('/anything', name);
        order.push(`${name} ends`);
      });
    await Promise.all([work('a'), work('b')]);
    expect(order).toHaveLength(4);
    for (const i of [0, 2]) expect(order[i + 1]).toBe(order[i]?.replace('begins', 'ends'));
  });
});
