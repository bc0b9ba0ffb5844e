import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClosedError, EtcdLockStore, EtcdOptionsError } from 'nestjs-etcd/client';

import { waitFor } from '../support/wait-for.js';
import { WatchedMember } from '../watch/watched-member.js';
import { entriesOf, hasEntries } from './queues.js';

describe('At the edges', () => {
  let etcd: WatchedMember;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
  });
  afterEach(async () => {
    await etcd.proxy.accept();
    etcd.proxy.blackHole(false);
    etcd.proxy.cutAfter(undefined);
    etcd.proxy.delay(0);
    await etcd.endTest();
  });
  afterAll(() => etcd[Symbol.asyncDispose]());

  it('a waiter whose entry was taken over goes to the end of the queue', async () => {
    const [holding, waiting, taking] = [etcd.client(), etcd.client(), etcd.client()];
    const held = await holding.lock('one').acquire();
    const second = waiting.lock('one').acquire();
    const [, entry] = await hasEntries(etcd, '/_locks/one', 2);
    const taken = taking.lock('one').takeOver(entry?.value ?? '');
    await waitFor(async () => (await entriesOf(etcd, '/_locks/one'))[1]?.value !== entry?.value);
    await held.release();
    const third = await taken;
    expect(third.isHeld).toBe(true);
    // It has queued up again, and has it only after the third.
    await waitFor(async () => (await entriesOf(etcd, '/_locks/one')).length === 2);
    await third.release();
    expect((await second).fencingToken).toBeGreaterThan(third.fencingToken);
  });

  it('locks of one name in two namespaces are two, also for who runs under one of them', async () => {
    const client = etcd.client();
    const other = client.namespace('/app').lock('name');
    await expect(client.lock('name').run(() => other.run(() => 'ran'))).resolves.toBe('ran');
    const inner = await client
      .lock('name')
      .run(() => other.run(() => entriesOf(etcd, '/app/_locks/name'), { reentrant: true }));
    expect(inner).toHaveLength(1);
  });

  it('values too long for a request line are removed all the same', async () => {
    const client = etcd.client();
    const leadership = await client.election('long').campaign('x'.repeat(5_000));
    await expect(leadership.resign()).resolves.toBe(true);
    const metadata = { quotes: '"'.repeat(2_000) };
    const registration = await client.registry('long').register({ id: '1', url: 'http://a', metadata });
    await registration.deregister();
    expect(await entriesOf(etcd, '/services/long')).toEqual([]);
  });

  it('an observer sees entries alone, and not what else lies in their directory', async () => {
    const election = etcd.client().election('observed');
    const leaders = election.observe();
    await expect(leaders.next()).resolves.toEqual({ done: false, value: undefined });
    const next = leaders.next();
    await etcd.raw.put('/_elections/observed/0', { dir: 'true' });
    await etcd.raw.put('/_elections/observed/0/1', { value: 'nested' });
    const { key } = await election.campaign('me');
    await expect(next).resolves.toMatchObject({ value: { key, value: 'me' } });
    // While somebody waits for the next one.
    const waiting = leaders.next();
    await expect(leaders.return()).resolves.toMatchObject({ done: true });
    await expect(waiting).resolves.toMatchObject({ done: true });
  });

  it('a value that proves nothing is refused, and the lease goes on', async () => {
    const lease = await etcd.client().lease('/lease', 'v', { ttl: 4 });
    for (const value of ['', 5 as never])
      await expect(lease.change(value)).rejects.toBeInstanceOf(EtcdOptionsError);
    expect(lease.value).toBe('v');
    await lease.renew();
  });

  it('a client that closes while an entry is made leaves none', async () => {
    /** @returns whether the answers were still on their way, and the second was enough in which it gives back what it has */
    const closes = async (name: string): Promise<boolean> => {
      const client = etcd.client({ sync: false });
      await client.get('/');
      etcd.proxy.delay(200);
      let made = 0;
      const asked = [
        client.lock(name).acquire(),
        client.election(name).campaign('me'),
        client.lease(`/${name}`, 'v'),
      ].map((work) =>
        work.then(
          () => made++,
          (error: unknown) => error,
        ),
      );
      await hasEntries(etcd, `/_locks/${name}`, 1);
      const isEarly = made === 0;
      const begin = performance.now();
      await client.close();
      const took = performance.now() - begin;
      etcd.proxy.delay(0);
      if (!isEarly || took > 900) return false;
      for (const end of await Promise.all(asked)) expect(end).toBeInstanceOf(EtcdClosedError);
      expect(await entriesOf(etcd, `/_locks/${name}`)).toEqual([]);
      expect(await entriesOf(etcd, `/_elections/${name}`)).toEqual([]);
      expect((await etcd.raw.get(`/${name}`)).status).toBe(404);
      return true;
    };
    let rounds = 0;
    while (!(await closes(`closing-${++rounds}`))) expect(rounds).toBeLessThan(5);
  });

  it('an attempt that was aborted before sends nothing', async () => {
    const client = etcd.client({ sync: false });
    await client.get('/');
    const before = etcd.proxy.requests.length;
    const signal = AbortSignal.abort();
    for (const work of [
      client.lock('aborted').acquire({ signal }),
      client.lock('aborted').tryAcquire({ signal }),
      client.election('aborted').campaign('me', { signal }),
    ])
      await expect(work).rejects.toMatchObject({ code: 'ETCD_ABORTED' });
    await client.get('/');
    expect(etcd.proxy.requests.slice(before).map(({ line }) => line)).toEqual(['GET /v2/keys/ HTTP/1.1']);
  });

  it('a campaign that may not wait wins a free election, and no other', async () => {
    const election = etcd.client().election('once');
    const leadership = await election.campaign('me', { wait: 0 });
    expect(leadership.isLeader).toBe(true);
    await expect(etcd.client().election('once').campaign('you', { wait: 0 })).rejects.toMatchObject({
      code: 'ETCD_LOCK_NOT_ACQUIRED',
    });
    await expect(election.candidates()).resolves.toHaveLength(1);
  });

  it('instances whose ids begin with an underscore are discovered', async () => {
    const registry = etcd.client().registry('_hidden');
    await registry.register({ id: '_1', url: 'http://a' });
    await registry.register({ id: '%5F1', url: 'http://b' });
    await using discovery = registry.discover();
    await discovery.ready;
    expect(discovery.instances.map(({ id }) => id).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      '%5F1',
      '_1',
    ]);
  });

  it('an instance that was changed while it was lost is told as it is', async () => {
    const registration = await etcd
      .client()
      .registry('away', { ttl: 1 })
      .register({ id: '1', url: 'http://a' });
    await etcd.proxy.refuse();
    etcd.proxy.reset();
    await waitFor(async () => (await etcd.raw.get(registration.key)).status === 404);
    await expect(registration.update({ url: 'http://b' })).rejects.toMatchObject({ loss: 'expired' });
    await etcd.proxy.accept();
    await waitFor(() => registration.isRegistered);
    await waitFor(async () => (await etcd.raw.value(registration.key))?.includes('http://b'));
  });

  it('the longest time to live is renewed as any other', async () => {
    const lock = await etcd.client().lock('years', { ttl: 1_000_000_000 }).acquire();
    await lock.renew();
    expect(lock.remaining).toBeGreaterThan(900_000_000_000);
    await lock.release();
  });

  it('a lease that is being regained is released within the timeout of the client', async () => {
    const client = etcd.client({ sync: false, timeout: 2_000 });
    const lease = await client.lease('/regaining', 'v', { ttl: 30, whenLost: 'reacquire' });
    await etcd.raw.delete('/regaining');
    await waitFor(() => lease.signal.aborted);
    etcd.proxy.blackHole(true);
    const begin = performance.now();
    await lease.release();
    etcd.proxy.blackHole(false);
    // Its key would live for 30 s.
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it('a lease that is asked for again after a lost answer is not cleared away with the first', async () => {
    const client = etcd.client({ sync: false, timeout: 2_000 });
    await client.get('/');
    etcd.proxy.cutAfter(0);
    await expect(client.lease('/again', 'same', { ttl: 5 })).rejects.toMatchObject({
      mayHaveBeenApplied: true,
    });
    etcd.proxy.cutAfter(undefined);
    const lease = await waitFor(() => client.lease('/again', 'same', { ttl: 5 }).catch(() => undefined));
    await lease.renew();
    expect(await etcd.raw.value('/again')).toBe('same');
    expect(lease.isHeld).toBe(true);
  });

  it('a client leaves no directories of locks behind that nobody uses', async () => {
    await using other = await etcd.client().lock('orders/2').acquire();
    /** @returns how long closing took, in milliseconds: there is a second to remove them in */
    const closes = async (): Promise<number> => {
      const client = etcd.client();
      for (const id of [1, 3]) await client.lock(`orders/${id}`).run(() => undefined);
      expect(await client.lock('orders/2').tryAcquire()).toBeUndefined();
      const begin = performance.now();
      await client.close();
      return performance.now() - begin;
    };
    if ((await closes()) > 900) await closes();
    await hasEntries(etcd, '/_locks/orders%2F2', 1);
    const { node } = await etcd.raw.get('/_locks');
    expect(node.nodes?.map(({ key }) => key).filter((key) => key?.includes('orders'))).toEqual([
      '/_locks/orders%2F2',
    ]);
    expect(other.isHeld).toBe(true);
  });

  it('what was never queued is not said to be in the hands of others', async () => {
    const client = etcd.client({ sync: false });
    await client.get('/');
    etcd.proxy.blackHole(true);
    for (const work of [
      () => client.lock('away').acquire({ wait: 200 }),
      () => client.election('away').campaign('me', { wait: 200 }),
    ])
      await expect(work()).rejects.toMatchObject({ code: 'ETCD_TIMEOUT' });
    etcd.proxy.blackHole(false);
  });

  it('a wrong prefix is named as such', () => {
    const client = etcd.client();
    for (const prefix of [5, '//', '', null] as never[]) {
      expect(() => client.lock('a', { prefix })).toThrow(/^`prefix`: /);
      expect(() => new EtcdLockStore(client, { prefix })).toThrow(/^`prefix`: /);
    }
  });
});
