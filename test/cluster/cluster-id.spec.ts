import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdClusterIdChangedError } from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { FakeMember } from './fake-member.js';
import { Lines } from './lines.js';

describe('the line about another cluster', () => {
  it('is written once, and the next one when the right one is back', async () => {
    await using member = await FakeMember.start();
    const logger = new Lines();
    await using client = new EtcdClient({ hosts: member.url, clusterId: 'cafe', logger, ...patient });
    member.change({ clusterId: 'beef' });
    for (let i = 0; i < 3; i++) await expect(client.get('/a')).rejects.toThrow(EtcdClusterIdChangedError);
    member.change({ clusterId: 'cafe' });
    await client.get('/a');
    expect(logger.all).toEqual([
      expect.stringMatching(/^error .*belongs to cluster beef, and this client to cluster cafe/),
      expect.stringMatching(/^log .*is back/),
    ]);
  });
});

describe('a cluster that was replaced by another one at the same address', () => {
  let original: EtcdMember;
  let decoy: EtcdMember | undefined;

  beforeEach(async () => {
    original = await EtcdMember.start();
  });
  afterEach(async () => {
    await original.stop();
    await decoy?.stop();
  });

  /** Ends the original and starts another cluster on its client port. */
  async function replace(): Promise<EtcdMember> {
    await original.kill();
    decoy = await EtcdMember.start({ clientPort: Number(new URL(original.url).port) });
    expect(decoy.url).toBe(original.url);
    return decoy;
  }

  async function keysOf(member: EtcdMember): Promise<unknown> {
    return (JSON.parse((await member.request('/v2/keys/')).body) as { node: { nodes?: unknown } }).node.nodes;
  }

  const operations: Array<[string, (client: EtcdClient) => Promise<unknown>]> = [
    ['set', (client) => client.set('/key', 'changed')],
    ['create', (client) => client.create('/created', 'x')],
    ['append', (client) => client.append('/queue', 'x')],
    ['delete', (client) => client.delete('/seed')],
    ['mkdir', (client) => client.mkdir('/directory')],
    ['modify', (client) => client.modify('/key', () => 'changed')],
    ['get', (client) => client.get('/key')],
  ];

  it('gets no request but the question who it is, from a client that has learned its cluster', async () => {
    await using client = new EtcdClient({ hosts: original.url, ...patient });
    await client.set('/key', 'original');
    const expected = client.clusterId;
    const member = await replace();
    await member.request('/v2/keys/seed?value=1', { method: 'PUT' });
    for (let round = 0; round < 3; round++) {
      for (const [, operation] of operations) {
        const error = await operation(client).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(EtcdClusterIdChangedError);
        expect(error).toMatchObject({ expected, mayHaveBeenApplied: false });
      }
    }
    expect(await keysOf(member)).toEqual([expect.objectContaining({ key: '/seed', value: '1' })]);

    // The control: a client that begins anew takes it for what it is, and does write there.
    await using another = new EtcdClient({ hosts: original.url, ...patient });
    await another.set('/key', 'changed');
    expect(await keysOf(member)).toHaveLength(2);
  });

  it('gets no request but the question who it is, from a client that was given the id', async () => {
    const probe = new EtcdClient({ hosts: original.url, ...patient });
    await probe.get('/');
    const clusterId = String(probe.clusterId);
    await probe.close();
    const member = await replace();
    await using client = new EtcdClient({ hosts: original.url, clusterId, ...patient });
    for (let i = 0; i < 3; i++)
      await expect(client.set('/key', 'changed')).rejects.toBeInstanceOf(EtcdClusterIdChangedError);
    expect(await keysOf(member)).toBeUndefined();
  });
});

describe('a foreign member', () => {
  it('that takes over an open connection gets one request at most', async () => {
    await using member = await FakeMember.start();
    await using client = new EtcdClient({ hosts: member.url, ...patient });
    await client.set('/a', '1');
    member.change({ clusterId: 'beef' });
    const first = await client.set('/a', '2').catch((reason: unknown) => reason);
    expect(first).toBeInstanceOf(EtcdClusterIdChangedError);
    expect(first).toMatchObject({ expected: 'cafe', actual: 'beef', mayHaveBeenApplied: true });
    for (let i = 0; i < 5; i++) {
      await expect(client.set('/a', '3')).rejects.toMatchObject({
        code: 'ETCD_CLUSTER_ID_CHANGED',
        mayHaveBeenApplied: false,
      });
    }
    expect(member.served).toHaveLength(2);
    member.change({ clusterId: 'cafe' });
    await client.set('/a', '4');
  });

  it('beside a good one is told once, and does not keep the client from the good one', async () => {
    await using good = await FakeMember.start();
    await using foreign = await FakeMember.start({ clusterId: 'beef' });
    await using client = new EtcdClient({
      hosts: [foreign.url, good.url],
      order: 'given',
      clusterId: 'cafe',
      ...patient,
    });
    await expect(client.set('/a', '1')).rejects.toBeInstanceOf(EtcdClusterIdChangedError);
    for (let i = 0; i < 5; i++) await client.set('/a', '2');
    expect(foreign.served).toEqual([]);
    expect(good.served).toHaveLength(5);
  });

  it('that gives no id at all gets no write from a client that was given one', async () => {
    await using nameless = await FakeMember.start();
    nameless.stub.handler = ({ path }) =>
      path === '/v2/members'
        ? 'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"members":[]}'
        : 'HTTP/1.1 200 OK\r\nX-Etcd-Index: 5\r\nContent-Length: 2\r\n\r\n{}';
    await using client = new EtcdClient({ hosts: nameless.url, clusterId: 'cafe', ...patient });
    await expect(client.set('/a', '1')).rejects.toMatchObject({ code: 'ETCD_CLUSTER_ID_CHANGED' });
    expect(nameless.served).toEqual([]);
  });
});
