import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ETCD_MODULE_OPTIONS, EtcdLeaders, EtcdModule, EtcdService, LeaderOnly } from 'nestjs-etcd';
import { EtcdClient, EtcdIndeterminateError, type EtcdEvent } from 'nestjs-etcd/client';
import { EmbeddedEtcd, ManualClock } from 'nestjs-etcd/testing';

import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';

describe('The client and the embedded server', () => {
  let server: EmbeddedEtcd;
  let clock: ManualClock;
  let etcd: EtcdClient;
  beforeAll(async () => {
    clock = new ManualClock();
    server = await EmbeddedEtcd.start({ clock });
    etcd = new EtcdClient({ hosts: server.url, ...patient });
  });
  afterEach(() => server.resetStore());
  afterAll(async () => {
    await etcd.close();
    await server.stop();
  });

  it('read, write, compare and list', async () => {
    const { node } = await etcd.set('/a/b', '1');
    await expect(etcd.compareAndSwap('/a/b', '2', { prevIndex: node.modifiedIndex })).resolves.toMatchObject({
      node: { value: '2' },
    });
    await expect(etcd.create('/a/b', '3')).rejects.toMatchObject({ code: 'ETCD_KEY_EXISTS', errorCode: 105 });
    await etcd.append('/queue', 'x');
    expect(
      (await etcd.get('/', { recursive: true, sorted: true })).node.children.map(({ key }) => key),
    ).toEqual(['/a', '/queue']);
    expect(await etcd.health()).toMatchObject({ healthy: true });
    expect(await etcd.checks.version({ range: '^3.4' })).toMatchObject({ healthy: true });
  });

  it('let keys expire when the clock is moved', async () => {
    await etcd.set('/session', 'open', { ttl: 60 });
    clock.advance(59_000);
    await expect(etcd.exists('/session')).resolves.toBe(true);
    clock.advance(2_000);
    await expect(etcd.exists('/session')).resolves.toBe(false);
  });

  it('watch every change in order', async () => {
    const events: EtcdEvent[] = [];
    await using watcher = etcd.watch('/w', { recursive: true });
    watcher.on('change', (event) => events.push(event));
    await watcher.ready;
    await Promise.all(Array.from({ length: 300 }, (_, i) => etcd.set(`/w/${i}`, 'v')));
    await waitFor(() => events.length === 300);
    const indexes = events.map(({ index }) => index);
    expect(indexes).toEqual([...new Set(indexes)].toSorted((a, b) => a - b));
  });

  it('know a file that has become a directory while they were away', async () => {
    await etcd.set('/c/a', 'file');
    await etcd.set('/c/z', '1');
    await using cache = etcd.cache('/c');
    await cache.ready;
    await using other = await EmbeddedEtcd.start();
    await using elsewhere = new EtcdClient({ hosts: other.url, ...patient });
    for (const key of ['/c/a/b', '/c/y', '/c/z']) await elsewhere.set(key, 'later');
    server.restore(other.snapshot());
    await waitFor(() => cache.get('/c/z')?.value === 'later');
    expect([...cache.keys()]).toEqual(['/c/a/b', '/c/y', '/c/z']);
  });

  it('exclude each other by locks, in order', async () => {
    await using other = new EtcdClient({ hosts: server.url, ...patient });
    const order: number[] = [];
    const clients = [etcd, other, etcd, other];
    await Promise.all(
      clients.map((client, i) => client.lock('l').run(() => void order.push(i), { wait: 20_000 })),
    );
    expect(order.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    await using leadership = await etcd.election('e').campaign('me');
    expect(await other.election('e').leader()).toMatchObject({ value: 'me', term: leadership.term });
  });

  it('fail as they are told to', async () => {
    server.failNext({ cutAfterBytes: 0, match: ({ method }) => method === 'PUT' });
    await expect(etcd.set('/order', 'paid')).rejects.toBeInstanceOf(EtcdIndeterminateError);
    await expect(etcd.get('/order')).resolves.toMatchObject({ node: { value: 'paid' } });
    const puts = server.requests.filter(({ method }) => method === 'PUT');
    expect(puts).toHaveLength(1);
  });

  it('stand behind a Nest application', async () => {
    @Controller()
    class Values {
      constructor(private readonly service: EtcdService) {}

      @Get()
      read() {
        return this.service.find('/value');
      }

      @LeaderOnly('jobs')
      async job(): Promise<void> {
        await this.service.set('/value', 'by the leader');
      }
    }
    @Module({ imports: [EtcdModule.forRoot({ hosts: 'http://127.0.0.1:1' })], controllers: [Values] })
    class AppModule {}
    const testing = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(ETCD_MODULE_OPTIONS)
      .useValue({ hosts: server.url, ...patient })
      .compile();
    const app = await testing.init();
    await waitFor(() => app.get(EtcdLeaders).isLeader('jobs'));
    await app.get(Values).job();
    expect(await app.get(Values).read()).toMatchObject({ node: { value: 'by the leader' } });
    await app.close();
  });
});
