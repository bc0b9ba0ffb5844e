import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type EtcdClient,
  EtcdClosedError,
  EtcdKeyExistsError,
  type EtcdLease,
  type EtcdLeaseLostError,
} from 'nestjs-etcd/client';

import { CuttingProxy } from '../faults/cutting-proxy.js';
import { waitFor } from '../support/wait-for.js';
import { RawWatch } from '../watch/raw-watch.js';
import { WatchedMember } from '../watch/watched-member.js';
import { abortOf, deadlineOf, longTtl, withoutRearming } from './queues.js';

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
  await etcd.endTest();
});
afterAll(() => etcd[Symbol.asyncDispose]());

/** What a lease tells, in a list that grows. */
function eventsOf(lease: EtcdLease): string[] {
  const events: string[] = [];
  lease.on('lost', ({ loss }) => events.push(`lost ${loss}`)).on('regained', () => events.push('regained'));
  return events;
}

describe('A lease', () => {
  it('is a key with a TTL, which tells all about it', async () => {
    const key = etcd.key();
    const lease = await client.lease(key, 'mine');
    const { node } = await etcd.raw.get(key);
    expect(node).toMatchObject({ value: 'mine', createdIndex: lease.fencingToken });
    expect([9, 10]).toContain(node.ttl);
    expect(lease).toMatchObject({ key, value: 'mine', ttl: 10, isHeld: true, signal: { aborted: false } });
    expect(lease.remaining).toBeGreaterThan(5_000);
    expect(lease.remaining).toBeLessThan(10_000);
  });

  it('is refused where the key exists, and leaves that as it is', async () => {
    const key = etcd.key();
    const first = await client.lease(key, 'first', { ttl: 5 });
    await expect(etcd.client().lease(key, 'second')).rejects.toBeInstanceOf(EtcdKeyExistsError);
    expect(await etcd.raw.value(key)).toBe('first');
    await first.release();
    const second = await etcd.client().lease(key, 'second');
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken);
  });

  it('takes the key over with `replace`, and the owner before is told', async () => {
    const key = etcd.key();
    const first = await client.lease(key, 'first', { ttl: longTtl });
    const second = await etcd.client().lease(key, 'second', { replace: true, ttl: 20 });
    expect(await etcd.raw.value(key)).toBe('second');
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken);
    expect(await abortOf(first.signal)).toMatchObject({ loss: 'taken', key });
    expect(await first.release()).toBe(false);
    expect(await etcd.raw.value(key)).toBe('second');
    expect(second.isHeld).toBe(true);
  });

  it('is released once, and its signal and listeners are not told of that', async () => {
    const key = etcd.key();
    const lease = await client.lease(key, 'mine');
    const events = eventsOf(lease);
    expect(await lease.release()).toBe(true);
    expect((await etcd.raw.get(key)).status).toBe(404);
    expect(await lease.release()).toBe(true);
    expect(lease).toMatchObject({ isHeld: false, remaining: 0, signal: { aborted: false } });
    expect(events).toEqual([]);
    await expect(lease.renew()).rejects.toMatchObject({ code: 'ETCD_LEASE_LOST', loss: 'released' });
    await expect(lease.change('other')).rejects.toMatchObject({ loss: 'released' });
    expect((await etcd.raw.get(key)).status).toBe(404);
  });

  it('is released at the end of a block, and below the prefix of a namespace', async () => {
    {
      await using lease = await client.namespace('/app').lease('leased', 'mine');
      expect(lease.key).toBe('/leased');
      expect(await etcd.raw.value('/app/leased')).toBe('mine');
    }
    expect((await etcd.raw.get('/app/leased')).status).toBe(404);
  });

  it('is renewed beyond its TTL, of which no watch is told, and by hand', async () => {
    const key = etcd.key();
    const lease = await client.lease(key, 'mine', { ttl: 3 });
    await using watch = await RawWatch.open(etcd.member, `${key}?wait=true&stream=true`);
    const begin = performance.now();
    await waitFor(() => !lease.isHeld || performance.now() - begin > 3_600, { what: 'more than a TTL' });
    expect(lease.isHeld).toBe(true);
    const before = deadlineOf(lease);
    await lease.renew();
    expect(deadlineOf(lease)).toBeGreaterThan(before);
    expect(await etcd.raw.value(key)).toBe('mine');
    expect(watch.events).toEqual([]);
  });

  it('gets another value, with the same fencing token and a new TTL', async () => {
    const key = etcd.key();
    const lease = await client.lease(key, 'one', { ttl: 30 });
    const { fencingToken } = lease;
    await lease.change('two');
    expect(lease).toMatchObject({ value: 'two', isHeld: true, fencingToken });
    expect((await etcd.raw.get(key)).node).toMatchObject({ value: 'two', createdIndex: fencingToken });
    await lease.renew();
    expect(await lease.release()).toBe(true);
    expect((await etcd.raw.get(key)).status).toBe(404);
  });

  it('knows its change when the answer was lost, and its making', async () => {
    let left = 0;
    const rule = (line: string) => (line.startsWith('PUT') && left-- > 0 ? 0 : undefined);
    await using proxy = await CuttingProxy.start(etcd.member.directUrl, rule);
    const cut = etcd.client({ hosts: proxy.url, sync: false });
    const key = etcd.key();
    left = 1;
    const lease = await cut.lease(key, 'one');
    left = 1;
    await lease.change('two');
    expect(proxy.cuts).toBe(2);
    expect(await etcd.raw.value(key)).toBe('two');
    await lease.renew();
    await cut.close();
    expect((await etcd.raw.get(key)).status).toBe(404);
  });

  it.each<[string, (key: string) => Promise<unknown>, string]>([
    ['deleted', (key) => etcd.raw.delete(key), 'removed'],
    ['overwritten', (key) => etcd.raw.put(key, { value: 'of another' }), 'taken'],
  ])('is lost when its key is %s, for good', async (_, end, loss) => {
    const key = etcd.key();
    const lease = await client.lease(key, 'mine', { ttl: longTtl });
    const errors: EtcdLeaseLostError[] = [];
    const listener = (error: EtcdLeaseLostError) => errors.push(error);
    const taken: unknown[] = [];
    const off = (error: unknown) => taken.push(error);
    lease.on('lost', listener).on('lost', off).off('lost', off);
    await end(key);
    const reason = await abortOf(lease.signal);
    expect(reason).toMatchObject({ name: 'EtcdLeaseLostError', code: 'ETCD_LEASE_LOST', loss, key });
    expect(errors).toEqual([reason]);
    expect(taken).toEqual([]);
    await expect(lease.renew()).rejects.toMatchObject({ loss });
    await expect(lease.change('again')).rejects.toMatchObject({ loss });
    const { status, node } = await etcd.raw.get(key);
    expect(await lease.release()).toBe(false);
    expect(await etcd.raw.get(key)).toMatchObject({ status, node });
  });

  it('is lost before its TTL has passed when etcd is out of reach', async () => {
    const lease = await client.lease(etcd.key(), 'mine', { ttl: 2 });
    await using watch = await RawWatch.open(etcd.member, `${lease.key}?wait=true&stream=true`);
    await lease.renew();
    const renewedAt = performance.now();
    let toldAt = 0;
    lease.on('lost', () => (toldAt = performance.now()));
    etcd.proxy.blackHole(true);
    // The owner's timer is due before this one, and so comes before it in a busy process too.
    await sleep(2_000);
    expect(lease.signal.reason).toMatchObject({ loss: 'expired' });
    expect(toldAt - renewedAt).toBeGreaterThan(1_000);
    expect(lease.isHeld).toBe(false);
    expect((await watch.has(1))[0]).toBe(`expire ${lease.key}`);
  });

  it('ends with its client, which removes the key', async () => {
    const lease = await client.lease(etcd.key(), 'mine', { whenLost: 'reacquire' });
    const events = eventsOf(lease);
    await client.close();
    expect(lease.signal.reason).toMatchObject({ loss: 'closed' });
    expect(events).toEqual(['lost closed']);
    expect((await etcd.raw.get(lease.key)).status).toBe(404);
    await expect(client.lease(lease.key, 'mine')).rejects.toBeInstanceOf(EtcdClosedError);
  });
});

describe('A lease with `whenLost: reacquire`', () => {
  it('makes its key again after that was deleted, with a new signal and a higher token', async () => {
    const lease = await client.lease(etcd.key(), 'mine', { whenLost: 'reacquire', ttl: 3 });
    const events = eventsOf(lease);
    const { signal, fencingToken } = lease;
    await etcd.raw.delete(lease.key);
    await waitFor(() => events.includes('regained'), { what: 'the key' });
    expect(events).toEqual(['lost removed', 'regained']);
    expect([signal.aborted, lease.signal.aborted, lease.isHeld]).toEqual([true, false, true]);
    expect(lease.fencingToken).toBeGreaterThan(fencingToken);
    expect((await etcd.raw.get(lease.key)).node).toMatchObject({
      value: 'mine',
      createdIndex: lease.fencingToken,
    });
    // It is watched and renewed as the first one was.
    await etcd.raw.delete(lease.key);
    await waitFor(() => events.length === 4, { what: 'the key' });
    expect(await lease.release()).toBe(true);
    expect((await etcd.raw.get(lease.key)).status).toBe(404);
  });

  it('waits until nobody else has the key, and never takes it away', async () => {
    const lease = await client.lease(etcd.key(), 'mine', { whenLost: 'reacquire', ttl: longTtl });
    const events = eventsOf(lease);
    await etcd.raw.put(lease.key, { value: 'of another' });
    await waitFor(() => events.length === 1, { timeout: 5_000, what: 'the loss' });
    await expect(lease.change('changed')).rejects.toMatchObject({ loss: 'taken' });
    const before = etcd.proxy.requests.length;
    const tries = () => etcd.proxy.requests.slice(before).filter(({ line }) => line.startsWith('PUT')).length;
    await waitFor(() => tries() >= 3, { what: 'three attempts' });
    expect(await etcd.raw.value(lease.key)).toBe('of another');
    expect([lease.isHeld, events.length]).toEqual([false, 1]);
    await etcd.raw.delete(lease.key);
    await waitFor(() => lease.isHeld, { what: 'the key' });
    expect(events).toEqual(['lost taken', 'regained']);
    // What it was changed to meanwhile.
    expect(await etcd.raw.value(lease.key)).toBe('changed');
  });

  it('makes its key again when etcd is back in reach', async () => {
    const lease = await client.lease(etcd.key(), 'mine', { whenLost: 'reacquire', ttl: 2 });
    const events = eventsOf(lease);
    etcd.proxy.blackHole(true);
    await waitFor(async () => (await etcd.raw.get(lease.key)).status === 404, { what: 'the expiry' });
    etcd.proxy.blackHole(false);
    // On a busy machine, the key can expire before its answer has come, which is told too.
    await waitFor(() => lease.isHeld && events.at(-1) === 'regained', { what: 'the key' });
    expect(events[0]).toBe('lost expired');
    expect(await etcd.raw.value(lease.key)).toBe('mine');
  });

  it('tries no more once it is released', async () => {
    const lease = await client.lease(etcd.key(), 'mine', { whenLost: 'reacquire', ttl: longTtl });
    const events = eventsOf(lease);
    await etcd.raw.put(lease.key, { value: 'of another' });
    await waitFor(() => events.length === 1, { timeout: 5_000, what: 'the loss' });
    expect(await lease.release()).toBe(false);
    expect(await etcd.raw.value(lease.key)).toBe('of another');
    const before = etcd.proxy.requests.length;
    // Two pauses of another one, which is still trying.
    const other = await client.lease(etcd.key(), 'mine', { whenLost: 'reacquire', ttl: longTtl });
    await etcd.raw.put(other.key, { value: 'of another' });
    const lines = () => etcd.proxy.requests.slice(before).map(({ line }) => line);
    await waitFor(() => lines().filter((line) => line.startsWith(`PUT /v2/keys${other.key} `)).length >= 5, {
      what: 'four attempts',
    });
    expect(lines().filter((line) => line.startsWith(`PUT /v2/keys${lease.key} `))).toEqual([]);
  });
});
