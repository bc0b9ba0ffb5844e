import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EtcdClient,
  etcdChannelNames,
  subscribeEtcd,
  type EtcdClientOptions,
  type EtcdKeyNotFoundError,
} from 'nestjs-etcd/client';

import { EtcdCluster } from '../support/etcd-cluster.js';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { DiagnosticsRecorder } from './diagnostics-recorder.js';

let member: EtcdMember;
beforeAll(async () => {
  member = await EtcdMember.start({ proxy: true });
});
afterAll(() => member.stop());

const connect = (options: EtcdClientOptions = {}, name?: string) =>
  new EtcdClient({ hosts: member.url, sync: false, ...patient, ...options }, name);

describe('The channels of requests', () => {
  it('tell an operation, and each of its requests, from beginning to end', async () => {
    await using etcd = connect({}, 'main');
    using told = new DiagnosticsRecorder();
    const { etcdIndex } = await etcd.set('/a b/ü', 'v');
    expect(told.of('nestjs-etcd:operation:end')).toEqual([
      {
        client: etcd.identity,
        operation: 'set',
        key: '/a b/ü',
        duration: expect.any(Number),
        etcdIndex,
      },
    ]);
    expect(told.of('nestjs-etcd:request:end')).toEqual([
      expect.objectContaining({ operation: 'prove', method: 'GET', path: '/v2/members', status: 200 }),
      {
        client: etcd.identity,
        operation: 'set',
        method: 'PUT',
        path: '/v2/keys/a%20b/%C3%BC',
        endpoint: member.url,
        attempt: 1,
        duration: expect.any(Number),
        status: 201,
        etcdIndex,
      },
    ]);
    expect(told.names('operation', 'request')).toEqual([
      'operation:start',
      'request:start',
      'request:end',
      'request:start',
      'request:end',
      'operation:end',
    ]);
    expect(etcd.identity).toEqual({ id: expect.stringMatching(/^[-0-9a-f]{36}$/), name: 'main' });
  });

  it('give the same object at the beginning and at the end', async () => {
    await using etcd = connect();
    using told = new DiagnosticsRecorder();
    await etcd.set('/same', 'v');
    for (const group of ['operation', 'request'] as const) {
      const start = told.all.find(
        ({ name, copy }) =>
          name === `nestjs-etcd:${group}:start` && 'operation' in copy && copy.operation === 'set',
      );
      const ends = told.all.filter(({ name }) => name === `nestjs-etcd:${group}:end`);
      expect(ends.map(({ message }) => message)).toContain(start?.message);
      expect(start?.copy).not.toHaveProperty('duration');
    }
  });

  it('do no harm to a call whose message a listener freezes', async () => {
    await using etcd = connect();
    const stops = (['nestjs-etcd:operation:start', 'nestjs-etcd:request:start'] as const).map((name) =>
      subscribeEtcd(name, (message) => Object.freeze(message)),
    );
    using told = new DiagnosticsRecorder();
    await etcd.set('/frozen', 'v');
    expect(told.of('nestjs-etcd:operation:end')).toMatchObject([{ duration: expect.any(Number) }]);
    await expect(etcd.get('/none')).rejects.toMatchObject({ code: 'ETCD_KEY_NOT_FOUND' });
    for (const stop of stops) stop();
  });

  it('tell a refusal of etcd’s as an answer, and as the error of the operation', async () => {
    await using etcd = connect();
    using told = new DiagnosticsRecorder();
    const error = await etcd.get('/nothing/there').catch((reason: EtcdKeyNotFoundError) => reason);
    expect(told.of('nestjs-etcd:request:end').at(-1)).toMatchObject({ operation: 'get', status: 404 });
    expect(told.of('nestjs-etcd:operation:error')).toEqual([
      {
        client: etcd.identity,
        operation: 'get',
        key: '/nothing/there',
        duration: expect.any(Number),
        code: 'ETCD_KEY_NOT_FOUND',
        error,
        indeterminate: false,
      },
    ]);
  });

  it('tell that a write has an unknown outcome', async () => {
    await using etcd = connect();
    await etcd.set('/doubt', '1');
    using told = new DiagnosticsRecorder();
    member.proxy?.cutAfter(0);
    await expect(etcd.append('/queue', 'v')).rejects.toMatchObject({ code: 'ETCD_INDETERMINATE' });
    member.proxy?.cutAfter(undefined);
    expect(told.of('nestjs-etcd:request:error')).toContainEqual(
      expect.objectContaining({
        operation: 'append',
        method: 'POST',
        indeterminate: true,
        status: undefined,
      }),
    );
    expect(told.of('nestjs-etcd:operation:error')).toMatchObject([
      { operation: 'append', key: '/queue', code: 'ETCD_INDETERMINATE', indeterminate: true },
    ]);
  });

  it('tell the requests of one operation apart by what they are for, and what others throw by no word', async () => {
    await using etcd = connect();
    await etcd.set('/counter', '1');
    using told = new DiagnosticsRecorder();
    await etcd.modify('/counter', (now) => `${Number(now) + 1}`);
    expect(told.of('nestjs-etcd:operation:end')).toMatchObject([{ operation: 'modify', key: '/counter' }]);
    expect(
      told.of('nestjs-etcd:request:end').map(({ operation, method }) => `${operation} ${method}`),
    ).toEqual(['modify GET', 'modify PUT']);
    const failing = etcd.modify('/counter', () => {
      throw new Error('the secret of the application');
    });
    await expect(failing).rejects.toThrow('the secret');
    expect(told.of('nestjs-etcd:operation:error')).toMatchObject([{ code: 'OTHER', error: undefined }]);
  });

  it('name the other APIs without the names that are asked for', async () => {
    await using etcd = connect();
    using told = new DiagnosticsRecorder();
    await etcd.members.list();
    await etcd.stats.self();
    await etcd.stats.leader();
    await etcd.users.get('alice').catch(() => undefined);
    await etcd.version();
    await etcd.health();
    await etcd.machines();
    expect(
      [...told.of('nestjs-etcd:operation:end'), ...told.of('nestjs-etcd:operation:error')].map(
        ({ operation, key }) => [operation, key],
      ),
    ).toEqual([
      ['members', undefined],
      ['stats.self', undefined],
      ['stats.leader', undefined],
      ['version', undefined],
      ['machines', undefined],
      ['auth.users', undefined],
    ]);
    expect(told.of('nestjs-etcd:request:end')).toContainEqual(
      expect.objectContaining({ operation: 'health', path: '/health' }),
    );
  });

  it('tell two clients and their namespaces apart', async () => {
    await using one = connect();
    await using other = connect({}, 'other');
    using told = new DiagnosticsRecorder();
    await one.namespace('/n').set('/k', '1');
    await other.set('/k', '1');
    expect(told.of('nestjs-etcd:operation:end', one.identity)).toMatchObject([{ key: '/n/k' }]);
    expect(told.of('nestjs-etcd:operation:end', other.identity)).toMatchObject([{ key: '/k' }]);
    expect(one.identity.id).not.toBe(other.identity.id);
  });

  it('run the operation in the context that is bound to its start', async () => {
    await using etcd = connect();
    const context = new AsyncLocalStorage<string>();
    const start = channel('nestjs-etcd:operation:start');
    const seen: (string | undefined)[] = [];
    const stop = subscribeEtcd('nestjs-etcd:request:end', ({ operation }) => {
      if (operation === 'get') seen.push(context.getStore());
    });
    await etcd.set('/context', '1');
    start.bindStore(context, (message) => `of ${(message as { operation: string }).operation}`);
    try {
      await etcd.get('/context');
      expect(context.getStore()).toBeUndefined();
    } finally {
      start.unbindStore(context);
      stop();
    }
    await etcd.get('/context');
    expect(seen).toEqual(['of get']);
  });
});

describe('The channels of the cluster', () => {
  it('tell fail-over, the loss of members and of the cluster, and their return', async () => {
    await using cluster = await EtcdCluster.start(3, { proxy: true });
    await using etcd = new EtcdClient({
      hosts: cluster.urls,
      order: 'given',
      sync: { interval: 100 },
      ...patient,
    });
    await etcd.set('/a', '1');
    using told = new DiagnosticsRecorder();
    const shut = async (i: number) => {
      await cluster.members[i]?.proxy?.refuse();
      cluster.members[i]?.proxy?.reset();
    };
    const [first, second] = cluster.urls;

    await shut(0);
    await etcd.get('/a');
    expect(told.of('nestjs-etcd:cluster:failover')[0]).toEqual({
      client: etcd.identity,
      from: first,
      to: second,
    });
    const gets = told.of('nestjs-etcd:request:end').filter(({ operation }) => operation === 'get');
    expect(gets.at(-1)).toMatchObject({ endpoint: second });
    await waitFor(() => told.of('nestjs-etcd:member:lost').length === 1);
    expect(told.of('nestjs-etcd:member:lost')).toEqual([
      { client: etcd.identity, endpoint: first, reason: expect.stringMatching(/ECONN|closed/) },
    ]);
    expect(told.of('nestjs-etcd:cluster:lost')).toEqual([]);

    await shut(1);
    await shut(2);
    await expect(etcd.get('/a', { timeout: 3_000 })).rejects.toMatchObject({ code: 'ETCD_CONNECTION' });
    expect(told.of('nestjs-etcd:member:lost')).toHaveLength(3);
    expect(told.of('nestjs-etcd:cluster:lost')).toHaveLength(1);

    for (const { proxy } of cluster.members) await proxy?.accept();
    await waitFor(() => told.of('nestjs-etcd:member:back').length === 3);
    expect(told.of('nestjs-etcd:cluster:back')).toHaveLength(1);
  });

  it('count the tries of one call', async () => {
    await using cluster = await EtcdCluster.start(3, { proxy: true });
    // A second member that is late would be tried in vain, too.
    const times = { tryTimeout: 2_000, timeout: 15_000 };
    await using etcd = new EtcdClient({ hosts: cluster.urls, order: 'given', sync: false, ...times });
    using told = new DiagnosticsRecorder();
    await etcd.set('/a', '1');
    const first = told.of('nestjs-etcd:request:end').at(-1)?.endpoint ?? '';
    told.clear();
    cluster.members.find(({ url }) => url === first)?.proxy?.blackHole(true);
    await etcd.get('/a');
    const tries = told.all
      .filter(({ name }) => name.startsWith('nestjs-etcd:request:') && !name.endsWith('start'))
      .flatMap(({ copy }) => ('attempt' in copy && copy.operation === 'get' ? [copy] : []));
    expect(tries.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(tries[0]).toMatchObject({
      endpoint: first,
      outcome: 'no answer within 2000 ms',
      indeterminate: false,
    });
    expect(tries[1]?.endpoint).not.toBe(first);
  });
});

describe('A channel', () => {
  it('has nobody who listens once everybody has stopped', () => {
    const told = new DiagnosticsRecorder();
    const heard = () => etcdChannelNames.filter((name) => channel(name).hasSubscribers);
    expect(heard()).toEqual(etcdChannelNames);
    told[Symbol.dispose]();
    expect(heard()).toEqual([]);
  });
});
