import { getEventListeners } from 'node:events';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  EtcdAbortedError,
  type EtcdClient,
  EtcdLockNotAcquiredError,
  EtcdTimeoutError,
} from 'nestjs-etcd/client';

import { median } from '../faults/report.js';
import { waitFor } from '../support/wait-for.js';
import { RawWatch } from '../watch/raw-watch.js';
import { WatchedMember } from '../watch/watched-member.js';
import { abortOf, entriesOf, failureOf, hasEntries, late, longTtl, withoutRearming } from './queues.js';

let etcd: WatchedMember;
let client: EtcdClient;
beforeAll(async () => {
  etcd = await WatchedMember.start();
});
beforeEach(async () => {
  client = etcd.client({ sync: false, ...withoutRearming });
  // The first write of a client comes after a proof of the cluster.
  await client.get('/');
});
afterEach(async () => {
  await etcd.proxy.accept();
  etcd.proxy.blackHole(false);
  etcd.proxy.delay(0);
  await etcd.endTest();
});
afterAll(() => etcd[Symbol.asyncDispose]());

describe('Waiters', () => {
  it('get the lock in the order in which they have come, within 250 ms of the release', async () => {
    const clients = [client, etcd.client(withoutRearming), etcd.client(withoutRearming)];
    const first = await etcd.writer.lock('order').acquire();
    const order: number[] = [];
    const tokens = [first.fencingToken];
    let releasedAt = 0;
    const delays: number[] = [];
    const waiting: Promise<void>[] = [];
    for (let i = 0; i < 8; i++) {
      const lock = (clients[i % clients.length] as EtcdClient).lock('order');
      waiting.push(
        lock.acquire().then(async (held) => {
          delays.push(performance.now() - releasedAt);
          order.push(i);
          tokens.push(held.fencingToken);
          releasedAt = performance.now();
          await held.release();
        }),
      );
      await hasEntries(etcd, '/_locks/order', i + 2);
    }
    releasedAt = performance.now();
    await first.release();
    await Promise.all(waiting);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(tokens).toEqual(tokens.toSorted((one, other) => one - other));
    expect(median(delays)).toBeLessThan(250);
    expect(Math.max(...delays)).toBeLessThan(5_000);
    expect(await entriesOf(etcd, '/_locks/order')).toEqual([]);
  });

  it('are not held up by one that gives up, in front of them or between them', async () => {
    const held = await etcd.writer.lock('leaver').acquire();
    const [gone, last] = [new AbortController(), etcd.client()];
    const leaver = client.lock('leaver').acquire({ signal: gone.signal });
    await hasEntries(etcd, '/_locks/leaver', 2);
    const waiting = last.lock('leaver').acquire();
    await hasEntries(etcd, '/_locks/leaver', 3);
    gone.abort();
    await expect(leaver).rejects.toBeInstanceOf(EtcdAbortedError);
    await hasEntries(etcd, '/_locks/leaver', 2);
    expect((await client.lock('leaver').holder())?.uuid).toBe(held.uuid);
    await held.release();
    expect((await waiting).isHeld).toBe(true);
  });

  it('queue up again when their entry is deleted by hand, and get the lock', async () => {
    const held = await etcd.writer.lock('deleted').acquire();
    const waiting = client.lock('deleted', { ttl: 4 }).acquire();
    const [, entry] = await hasEntries(etcd, '/_locks/deleted', 2);
    await etcd.raw.delete(entry?.key ?? '');
    const [, again] = await hasEntries(etcd, '/_locks/deleted', 2);
    expect(again?.value).not.toBe(entry?.value);
    await held.release();
    expect(await waiting).toMatchObject({ isHeld: true, uuid: again?.value });
  });

  it('wake when the whole lock is deleted, and queue up again', async () => {
    const holder = etcd.client({ hosts: etcd.member.directUrl, ...withoutRearming });
    const held = await holder.lock('tree', { ttl: longTtl }).acquire();
    const waiting = [client.lock('tree').acquire(), etcd.client().lock('tree').acquire()];
    await hasEntries(etcd, '/_locks/tree', 3);
    await etcd.raw.delete('/_locks/tree?recursive=true');
    const first = await Promise.race(waiting);
    await hasEntries(etcd, '/_locks/tree', 2);
    expect(first.isHeld).toBe(true);
    expect(await abortOf(held.signal)).toMatchObject({ loss: 'removed' });
    await first.release();
    const both = await Promise.all(waiting);
    expect(both.filter(({ isHeld }) => isHeld)).toHaveLength(1);
  });

  it('get the lock when the holder dies, as soon as etcd lets them', async () => {
    const holder = etcd.client();
    await holder.lock('dead', { ttl: 1 }).acquire();
    const waiter = etcd.client({ hosts: etcd.member.directUrl, ...withoutRearming });
    const waiting = waiter.lock('dead', { ttl: longTtl }).acquire();
    await hasEntries(etcd, '/_locks/dead', 2);
    etcd.proxy.blackHole(true);
    const begin = performance.now();
    expect((await waiting).isHeld).toBe(true);
    expect(performance.now() - begin).toBeLessThan(5_000);
  });
});

describe('A waiter in a busy store', () => {
  /** How often the waiter has read its queue. */
  const reads = (lock: string) =>
    etcd.proxy.requests.filter(({ line }) => line.includes(`/${lock}?quorum=true`)).length;

  it('gets the lock after more than 1,000 other changes, and asks for nothing meanwhile', async () => {
    const held = await etcd.writer.lock('busy').acquire();
    const waiting = client.lock('busy').acquire();
    await hasEntries(etcd, '/_locks/busy', 2);
    await waitFor(() => etcd.watches.some((line) => line.includes(held.key)), { what: 'its watch' });
    const before = etcd.proxy.requests.length;
    await etcd.writeElsewhere(2_500);
    // Re-arming its watch and renewing its entry; a spin would be a thousand and more.
    expect(etcd.proxy.requests.length - before).toBeLessThan(100);
    expect(reads('busy')).toBeLessThanOrEqual(2);
    const begin = performance.now();
    await held.release();
    expect((await waiting).isHeld).toBe(true);
    expect(performance.now() - begin).toBeLessThan(5_000);
  });

  it('gets a lock whose release has left etcd’s history while the waiter was cut off', async () => {
    const held = await etcd.writer.lock('cut-off').acquire();
    const waiting = client.lock('cut-off', { ttl: 30 }).acquire();
    await hasEntries(etcd, '/_locks/cut-off', 2);
    await waitFor(() => etcd.watches.some((line) => line.includes(held.key)), { what: 'its watch' });
    await etcd.proxy.refuse();
    etcd.proxy.reset();
    await held.release();
    await etcd.writeElsewhere(1_100);
    const before = etcd.proxy.requests.length;
    await etcd.proxy.accept();
    expect((await waiting).isHeld).toBe(true);
    expect(etcd.proxy.requests.length - before).toBeLessThan(20);
  });
});

describe('`wait`', () => {
  it('ends the waiting for others in time, and leaves nothing in the queue', async () => {
    await using held = await etcd.writer.lock('wait').acquire();
    const { error, after } = await failureOf(() => client.lock('wait').acquire({ wait: 2_000 }));
    expect(error).toBeInstanceOf(EtcdLockNotAcquiredError);
    expect(error).toMatchObject({
      lock: 'wait',
      message: expect.stringMatching(/'wait' was not acquired: .* 2000 ms/),
    });
    expect(after).toBeGreaterThan(1_990);
    expect(after).toBeLessThan(2_000 + late);
    expect(await hasEntries(etcd, '/_locks/wait', 1)).toMatchObject([{ value: held.uuid }]);
  });

  it('is no longer for all that happens meanwhile', async () => {
    await using held = await etcd.writer.lock('restless').acquire();
    const acquire = failureOf(() => client.lock('restless').acquire({ wait: 2_000 }));
    for (let i = 0; i < 5; i++) {
      // The entry in front changes, though its owner does not, and the waiter's own entry is gone.
      await etcd.raw.put(held.key, { value: held.uuid, prevExist: 'true', ttl: '10' });
      for (const { key } of await etcd.writer.lock('restless').waiters()) await etcd.raw.delete(key);
    }
    const { error, after } = await acquire;
    expect(error).toBeInstanceOf(EtcdLockNotAcquiredError);
    expect(after).toBeGreaterThan(1_990);
    expect(after).toBeLessThan(2_000 + late);
    expect(held.isHeld).toBe(true);
  });

  it('is a deadline where nobody answers from the beginning, and what comes late is removed', async () => {
    await using watch = await RawWatch.open(etcd.member, '/_locks/hole?wait=true&recursive=true&stream=true');
    etcd.proxy.blackHole(true);
    const { error, after } = await failureOf(() => client.lock('hole').acquire({ wait: 400 }));
    expect(error).toBeInstanceOf(EtcdTimeoutError);
    expect(after).toBeGreaterThan(390);
    expect(after).toBeLessThan(400 + late);
    expect(watch.events).toEqual([]);
    etcd.proxy.blackHole(false);
    expect((await watch.has(2)).map((text) => text.split(' ')[0])).toEqual(['create', 'compareAndDelete']);
    expect(await entriesOf(etcd, '/_locks/hole')).toEqual([]);
  });

  it('is a deadline where nobody answers any more, and the entry is removed as soon as that is possible', async () => {
    const held = await etcd.writer.lock('later hole').acquire();
    const acquire = failureOf(() => client.lock('later hole').acquire({ wait: 3_000 }));
    // Its client knows of the entry, and waits for the one before.
    await waitFor(() => etcd.watches.some((line) => line.includes('later%20hole')));
    etcd.proxy.blackHole(true);
    const { error, after } = await acquire;
    expect(error).toBeInstanceOf(EtcdLockNotAcquiredError);
    expect(after).toBeGreaterThan(2_990);
    expect(after).toBeLessThan(3_000 + late);
    expect(await entriesOf(etcd, '/_locks/later hole')).toHaveLength(2);
    etcd.proxy.blackHole(false);
    await hasEntries(etcd, '/_locks/later hole', 1);
    await held.release();
  });
});

describe('A signal', () => {
  it('that is aborted before leaves nothing in the queue', async () => {
    const reason = new Error('too late');
    const acquire = client.lock('early').acquire({ signal: AbortSignal.abort(reason) });
    await expect(acquire).rejects.toMatchObject({ code: 'ETCD_ABORTED', cause: reason });
    await hasEntries(etcd, '/_locks/early', 0);
    await using next = await etcd.writer.lock('early').acquire({ wait: 10_000 });
    expect(next.isHeld).toBe(true);
  });

  it('that is aborted while the entry is made ends the attempt at once, and the entry is removed', async () => {
    const controller = new AbortController();
    etcd.proxy.delay(2_000);
    const acquire = client.lock('posting').acquire({ signal: controller.signal });
    await hasEntries(etcd, '/_locks/posting', 1);
    controller.abort('enough');
    const { error, after } = await failureOf(() => acquire);
    expect(error).toMatchObject({ code: 'ETCD_ABORTED', cause: 'enough' });
    // The answer comes later.
    expect(after).toBeLessThan(1_500);
    await hasEntries(etcd, '/_locks/posting', 0);
  });

  it('that is aborted while others hold the lock ends the attempt, and the entry is removed', async () => {
    await using held = await etcd.writer.lock('waiting').acquire();
    const controller = new AbortController();
    const acquire = client.lock('waiting').acquire({ signal: controller.signal, wait: 60_000 });
    await waitFor(() => etcd.watches.some((line) => line.includes(held.key)), { what: 'its watch' });
    controller.abort('enough');
    const { error, after } = await failureOf(() => acquire);
    expect(error).toBeInstanceOf(EtcdAbortedError);
    expect(error).toMatchObject({ cause: 'enough' });
    expect(after).toBeLessThan(late);
    expect(await hasEntries(etcd, '/_locks/waiting', 1)).toMatchObject([{ value: held.uuid }]);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('does nothing any more when the lock is held, and keeps no listener', async () => {
    const controller = new AbortController();
    const held = await client.lock('after').acquire({ signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    controller.abort();
    expect([held.isHeld, held.signal.aborted]).toEqual([true, false]);
    await held.renew();
  });

  it('ends tryAcquire too', async () => {
    const controller = new AbortController();
    etcd.proxy.delay(2_000);
    const attempt = client.lock('try').tryAcquire({ signal: controller.signal });
    await hasEntries(etcd, '/_locks/try', 1);
    controller.abort();
    await expect(attempt).rejects.toBeInstanceOf(EtcdAbortedError);
    await hasEntries(etcd, '/_locks/try', 0);
  });
});
