import { once } from 'node:events';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdClosedError, type EtcdEvent, EtcdOptionsError } from 'nestjs-etcd/client';
import { EmbeddedEtcd } from 'nestjs-etcd/testing';
import { Agent, type Dispatcher } from 'undici';

import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';

describe('A client with a dispatcher of somebody else’s', () => {
  let member: EtcdMember;
  let embedded: EmbeddedEtcd;
  let agent: Agent;
  beforeAll(async () => {
    [member, embedded] = await Promise.all([EtcdMember.start(), EmbeddedEtcd.start()]);
    agent = new Agent();
  });
  afterAll(async () => {
    await agent.close();
    await Promise.all([member.stop(), embedded.stop()]);
  });

  const kinds: [kind: string, () => { hosts: string; dispatcher: Dispatcher }][] = [
    ['connections', () => ({ hosts: member.url, dispatcher: agent })],
    // Nobody listens there.
    ['none', () => ({ hosts: 'http://etcd.test:2379', dispatcher: embedded.dispatcher })],
  ];

  it.each(kinds)('reads, writes, watches and locks: %s', async (_, options) => {
    await using etcd = new EtcdClient({ ...options(), ...patient });
    const events: EtcdEvent[] = [];
    const watcher = etcd.watch('/w', { recursive: true });
    watcher.on('change', (event) => events.push(event));
    await watcher.ready;
    await Promise.all(Array.from({ length: 200 }, (__, i) => etcd.set(`/w/${i}`, 'é')));
    await waitFor(() => events.length === 200);
    expect((await etcd.get('/w/7')).node.value).toBe('é');
    await expect(etcd.get('/none')).rejects.toMatchObject({ code: 'ETCD_KEY_NOT_FOUND' });
    await expect(etcd.lock('l').run(() => 'done')).resolves.toBe('done');
  });

  it.each(kinds)('ends what is under way with the client, and not the dispatcher: %s', async (_, options) => {
    const etcd = new EtcdClient({ ...options(), ...patient });
    await etcd.set('/a', '1');
    const watcher = etcd.watch('/a');
    await watcher.ready;
    if (options().dispatcher !== agent) embedded.pause();
    else member.pause();
    const waiting = etcd.set('/a', '2', { timeout: 20_000 }).catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    await etcd.close();
    expect(await waiting).toBeInstanceOf(EtcdClosedError);
    embedded.resume();
    member.resume();
    await using again = new EtcdClient({ ...options(), ...patient });
    expect((await again.get('/a')).node.value).toMatch(/^[12]$/);
    // The watch of the first one has ended at the server, too.
    await waitFor(async () => (await again.stats.store()).watchers === 0, { what: 'the end of the watch' });
  });

  it('sends nothing after it was closed, also what waited for a connection', async () => {
    await using server = await EmbeddedEtcd.start();
    const single = new Agent({ connections: 1 });
    const etcd = new EtcdClient({ hosts: server.url, dispatcher: single, ...patient });
    await etcd.set('/a', '1');
    server.failNext({ delay: 3_000, match: ({ url }) => url.includes('/slow') });
    const slow = etcd.find('/slow').catch((error: unknown) => error);
    await waitFor(() => server.requests.some(({ url }) => url.includes('/slow')), { interval: 2 });
    const late = etcd.set('/late', '1').catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    await etcd.close();
    const { length } = server.requests;
    expect(await slow).toBeInstanceOf(EtcdClosedError);
    expect(await late).toBeInstanceOf(EtcdClosedError);
    await single.close();
    expect(server.requests.slice(length)).toEqual([]);
  });

  it('asks who answers when a connection has ended, before it sends a password', async () => {
    const first = await EmbeddedEtcd.start();
    const auth = { username: 'root', password: 'secret' };
    await using etcd = new EtcdClient({ hosts: first.url, dispatcher: agent, auth, ...patient });
    await etcd.set('/a', '1');
    const disconnected = once(agent, 'disconnect');
    await first.stop();
    await disconnected;
    await using second = await EmbeddedEtcd.start({ port: Number(new URL(first.url).port) });
    second.clusterId = 'abc';
    await expect(etcd.set('/a', '2')).rejects.toMatchObject({ mayHaveBeenApplied: false });
    expect(new Set(second.requests.map(({ method, url }) => `${method} ${url}`))).toEqual(
      new Set(['GET /v2/members']),
    );
  });

  it.each([
    [{ dispatcher: {} }, 'expected a dispatcher of undici'],
    [{ dispatcher: null }, 'expected a dispatcher of undici'],
    [{ dispatcher: new Agent(), tls: {} }, 'give the TLS options to it'],
  ])('refuses %j', (options, problem) => {
    expect(() => new EtcdClient(options as never)).toThrow(EtcdOptionsError);
    expect(() => new EtcdClient(options as never)).toThrow(problem);
  });
});
