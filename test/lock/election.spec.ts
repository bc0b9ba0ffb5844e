import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  EtcdAbortedError,
  type EtcdCandidate,
  type EtcdClient,
  EtcdClosedError,
  EtcdConnectionError,
  type EtcdElection,
  EtcdLockNotAcquiredError,
  EtcdTimeoutError,
} from 'nestjs-etcd/client';

import { median } from '../faults/report.js';
import { waitFor } from '../support/wait-for.js';
import { WatchedMember } from '../watch/watched-member.js';
import { abortOf, entriesOf, failureOf, hasEntries, late, longTtl, withoutRearming } from './queues.js';

let etcd: WatchedMember;
let client: EtcdClient;
let other: EtcdClient;
beforeAll(async () => {
  etcd = await WatchedMember.start();
});
beforeEach(() => {
  client = etcd.client(withoutRearming);
  other = etcd.client(withoutRearming);
});
afterEach(async () => {
  await etcd.proxy.accept();
  etcd.proxy.blackHole(false);
  await etcd.endTest();
});
afterAll(() => etcd[Symbol.asyncDispose]());

describe('An election', () => {
  it('is won by its only candidate, who tells all about it', async () => {
    const election = client.election('alone', { ttl: 7 });
    expect(election).toMatchObject({ name: 'alone', key: '/_elections/alone', ttl: 7 });
    expect(await election.leader()).toBeUndefined();
    const leadership = await election.campaign('me');
    expect(leadership).toMatchObject({ name: 'alone', value: 'me', isLeader: true });
    expect(leadership.signal.aborted).toBe(false);
    expect(leadership.fencingToken).toBe(leadership.term);
    expect(leadership.remaining).toBeGreaterThan(5_000);
    const { key, term } = leadership;
    const [entry] = await hasEntries(etcd, '/_elections/alone', 1);
    expect(entry).toMatchObject({ key, createdIndex: term });
    expect(entry?.ttl).toBeLessThanOrEqual(7);
    expect(JSON.parse(entry?.value ?? '')).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      value: 'me',
    });
    expect(await other.election('alone').leader()).toEqual({ key, value: 'me', term });
    expect(await leadership.resign()).toBe(true);
    expect([leadership.isLeader, leadership.remaining]).toEqual([false, 0]);
    expect(leadership.signal.aborted).toBe(false);
    expect(await election.leader()).toBeUndefined();
  });

  it('is won by one after the other, in the order of their coming and with rising terms', async () => {
    const election = client.election('row');
    const first = await election.campaign('0');
    const rest: ReturnType<EtcdElection['campaign']>[] = [];
    for (const i of [1, 2, 3, 4]) {
      rest.push((i % 2 === 0 ? client : other).election('row').campaign(String(i)));
      await hasEntries(etcd, election.key, i + 1);
    }
    expect((await election.candidates()).map(({ value }) => value)).toEqual(['0', '1', '2', '3', '4']);
    const terms = [first.term];
    const delays: number[] = [];
    await first.resign();
    for (const campaign of rest) {
      const begin = performance.now();
      const leadership = await campaign;
      delays.push(performance.now() - begin);
      expect(await election.leader()).toMatchObject({ value: leadership.value, term: leadership.term });
      terms.push(leadership.term);
      await leadership.resign();
    }
    expect(terms).toEqual([...new Set(terms)].toSorted((one, two) => one - two));
    expect(median(delays)).toBeLessThan(300);
    expect(Math.max(...delays)).toBeLessThan(5_000);
    expect(await election.candidates()).toEqual([]);
  });

  it('takes what other clients write for what they say of themselves', async () => {
    const values = ['host-1', '', '{"value":7}', '[]', 'null', '{', '{"id":"x"}', '{"value":"inside"}'];
    const told = ['host-1', '', '{"value":7}', '[]', 'null', '{', '{"id":"x"}', 'inside'];
    for (const [i, value] of values.entries())
      await etcd.raw.put(`/_elections/foreign/0000000000000000000${i}`, { value });
    const candidates = await client.election('foreign').candidates();
    expect(candidates.map(({ value }) => value)).toEqual(told);
    const campaign = client.election('foreign').campaign('mine');
    await hasEntries(etcd, '/_elections/foreign', values.length + 1);
    for (const { key } of candidates) await etcd.raw.delete(key);
    expect((await campaign).isLeader).toBe(true);
  });

  it('may have any name, prefix and namespace', async () => {
    for (const name of ['a/b', '..', '%', ' x ', '鍵', 'n'.repeat(3_000)]) {
      const leadership = await client.election(name).campaign(name);
      expect(await other.election(name).leader()).toMatchObject({ value: name, term: leadership.term });
    }
    const below = await client.namespace('/app').election('a/b', { prefix: 'my/' }).campaign('me');
    expect(below.key).toMatch(/^\/my\/a%2Fb\/\d{20}$/);
    expect(await entriesOf(etcd, '/app/my/a%2Fb')).toHaveLength(1);
  });
});

describe('A leader', () => {
  it('says something else of itself, in the same term', async () => {
    const leadership = await client.election('says').campaign('starting');
    await leadership.proclaim('ready');
    const { key, term } = leadership;
    expect(leadership.value).toBe('ready');
    expect(await other.election('says').leader()).toEqual({ key, value: 'ready', term });
    expect((await entriesOf(etcd, '/_elections/says'))[0]?.createdIndex).toBe(term);
    // What watches the entry knows its own value.
    await waitFor(() => etcd.watches.some((line) => line.includes(key)), { what: 'its watch' });
    await leadership.proclaim('busy');
    await etcd.writer.set('/after', 'v');
    await expect(abortOf(leadership.signal, 300)).rejects.toThrow('the loss');
    expect(leadership.isLeader).toBe(true);
    expect(await leadership.resign()).toBe(true);
    await expect(leadership.proclaim('gone')).rejects.toMatchObject({ loss: 'released' });
    expect(leadership.value).toBe('busy');
  });

  it('resigns at the end of a block', async () => {
    {
      await using leadership = await client.election('block').campaign('me');
      expect(leadership.isLeader).toBe(true);
    }
    expect(await entriesOf(etcd, '/_elections/block')).toEqual([]);
  });

  it('is told when its entry is deleted, or overwritten', async () => {
    const election = client.election('told', { ttl: longTtl });
    const first = await election.campaign('me');
    await etcd.raw.delete(first.key);
    expect(await abortOf(first.signal)).toMatchObject({ code: 'ETCD_LEASE_LOST', loss: 'removed' });
    await expect(first.proclaim('still me')).rejects.toMatchObject({ loss: 'removed' });
    const second = await election.campaign('me');
    await etcd.raw.put(second.key, { value: 'of another' });
    expect(await abortOf(second.signal)).toMatchObject({ loss: 'taken' });
    expect(await second.resign()).toBe(false);
    expect(await etcd.raw.value(second.key)).toBe('of another');
  });

  it('steps down before another one can lead when etcd is out of reach', async () => {
    const leadership = await client.election('cut off', { ttl: 2 }).campaign('old');
    const next = etcd.writer.election('cut off').campaign('new');
    await hasEntries(etcd, '/_elections/cut off', 2);
    etcd.proxy.blackHole(true);
    await using leader = await next;
    // A timer has told it, which comes before the answer that another one leads also where this process has stood still.
    expect(leadership.signal.reason).toMatchObject({ loss: 'expired' });
    expect(leadership.isLeader).toBe(false);
    expect(leader.term).toBeGreaterThan(leadership.term);
  });

  it('resigns when its client is closed, and candidates of that reject', async () => {
    const leadership = await client.election('closed').campaign('leads');
    const campaign = failureOf(() => client.election('closed').campaign('would'));
    await hasEntries(etcd, '/_elections/closed', 2);
    await client.close();
    expect((await campaign).error).toBeInstanceOf(EtcdClosedError);
    expect(leadership.signal.reason).toMatchObject({ loss: 'closed' });
    expect(await entriesOf(etcd, '/_elections/closed')).toEqual([]);
  });
});

describe('A candidate', () => {
  it('that loses its entry still becomes leader', async () => {
    const first = await other.election('again').campaign('first');
    const campaign = client.election('again', { ttl: 4 }).campaign('second');
    const [, entry] = await hasEntries(etcd, '/_elections/again', 2);
    await etcd.raw.delete(entry?.key ?? '');
    await hasEntries(etcd, '/_elections/again', 1);
    await hasEntries(etcd, '/_elections/again', 2);
    await first.resign();
    expect(await campaign).toMatchObject({ isLeader: true, value: 'second' });
  });

  it('waits for etcd from the beginning', async () => {
    await etcd.proxy.refuse();
    const campaign = client.election('patient').campaign('me');
    await expect(other.get('/', { timeout: 2_000 })).rejects.toBeInstanceOf(EtcdConnectionError);
    await etcd.proxy.accept();
    expect((await campaign).isLeader).toBe(true);
    expect(await entriesOf(etcd, '/_elections/patient')).toHaveLength(1);
  });

  it.each(['wait', 'signal'])('gives up with `%s`, and leaves nothing', async (end) => {
    await using leader = await other.election('gives up').campaign('first');
    const { error, after } = await failureOf(() => {
      const options = end === 'wait' ? { wait: 2_000 } : { signal: AbortSignal.timeout(2_000) };
      return client.election('gives up').campaign('me', options);
    });
    expect(error).toBeInstanceOf(end === 'wait' ? EtcdLockNotAcquiredError : EtcdAbortedError);
    expect(after).toBeGreaterThan(1_990);
    expect(after).toBeLessThan(2_000 + late);
    expect(await hasEntries(etcd, '/_elections/gives up', 1)).toMatchObject([{ key: leader.key }]);
  });

  it('gives up in time where nobody answers', async () => {
    etcd.proxy.blackHole(true);
    const { error, after } = await failureOf(() => client.election('hole').campaign('me', { wait: 300 }));
    expect(error).toBeInstanceOf(EtcdTimeoutError);
    expect(after).toBeLessThan(300 + late);
  });
});

describe('observe', () => {
  /** What is told of an election, in a list that grows; `end` is how it has ended. */
  const observe = (election: EtcdElection, signal?: AbortSignal) => {
    const told: (EtcdCandidate | undefined)[] = [];
    const record = async () => {
      for await (const leader of election.observe(signal === undefined ? {} : { signal })) told.push(leader);
    };
    const ended = record().then(
      () => 'done',
      (error: unknown) => error,
    );
    return { told, ended };
  };
  const values = (told: readonly (EtcdCandidate | undefined)[]) => told.map((leader) => leader?.value);

  it('tells who leads, now and each time that it changes, and that nobody does', async () => {
    const election = other.election('seen');
    const { told } = observe(client.election('seen'));
    await waitFor(() => told.length === 1, { what: 'the first state' });
    const first = await election.campaign('a');
    await waitFor(() => told.length === 2, { what: 'the first leader' });
    const campaign = election.campaign('b');
    await hasEntries(etcd, election.key, 2);
    await first.proclaim('a again');
    await waitFor(() => told.length === 3, { what: 'what the leader says' });
    await first.resign();
    const second = await campaign;
    await waitFor(() => told.length === 4, { what: 'the second leader' });
    await etcd.raw.delete(`${election.key}?recursive=true`);
    await waitFor(() => told.length === 5, { what: 'the end of all' });
    expect(values(told)).toEqual([undefined, 'a', 'a again', 'b', undefined]);
    expect(told[3]).toEqual({ key: second.key, value: 'b', term: second.term });
    expect(told[2]?.term).toBe(first.term);
  });

  it('begins with who leads already, and tells nothing of candidates and renewals', async () => {
    const leadership = await other.election('already', { ttl: 3 }).campaign('a');
    const { told } = observe(client.election('already'));
    await waitFor(() => told.length === 1, { what: 'the leader' });
    const candidate = other.election('already').campaign('b', { wait: 2_000 });
    await expect(candidate).rejects.toBeInstanceOf(EtcdLockNotAcquiredError);
    await leadership.resign();
    await waitFor(() => told.length === 2, { what: 'the end' });
    expect(values(told)).toEqual(['a', undefined]);
  });

  it('tells what has changed while etcd was out of reach', async () => {
    const { told } = observe(client.election('missed'));
    await waitFor(() => told.length === 1, { what: 'the first state' });
    await etcd.proxy.refuse();
    etcd.proxy.reset();
    const leadership = await etcd.writer.election('missed').campaign('a');
    await etcd.writeElsewhere(1_100);
    await etcd.proxy.accept();
    await waitFor(() => told.length === 2, { what: 'the leader' });
    expect(told[1]).toMatchObject({ value: 'a', term: leadership.term });
    await leadership.resign();
  });

  it('ends when the loop is left, with its signal and with its client', async () => {
    const election = client.election('ends');
    for await (const leader of election.observe()) {
      expect(leader).toBeUndefined();
      break;
    }
    await waitFor(async () => (await etcd.registered()) === 0, { what: 'the end of the watch' });
    const controller = new AbortController();
    const [aborted, closed] = [observe(election, controller.signal), observe(election)];
    await waitFor(() => aborted.told.length + closed.told.length === 2, { what: 'the first state' });
    controller.abort('enough');
    expect(await aborted.ended).toMatchObject({ code: 'ETCD_ABORTED', cause: 'enough' });
    await client.close();
    expect(await closed.ended).toBe('done');
    expect(closed.told).toEqual([undefined]);
  });
});
