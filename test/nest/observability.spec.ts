import { channel } from 'node:diagnostics_channel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  EtcdModule,
  EtcdService,
  EtcdWatch,
  etcdChannelNames,
  getEtcdToken,
  subscribeEtcd,
  type EtcdServiceEvent,
} from 'nestjs-etcd';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { CapturingLogger } from './capturing-logger.js';

let member: EtcdMember;
beforeAll(async () => {
  member = await EtcdMember.start();
});
afterAll(() => member.stop());

const heard = () => etcdChannelNames.filter((name) => channel(name).hasSubscribers);

@Injectable()
class Handlers {
  @EtcdWatch('/observed')
  on(): void {
    throw new Error('a handler that fails');
  }
}

/** Starts an application; `listen` hears what its default connection tells from the beginning. */
async function start(listen?: (event: EtcdServiceEvent) => void) {
  const options = { hosts: member.url, sync: false };
  const app = await Test.createTestingModule({
    imports: [EtcdModule.forRoot(options), EtcdModule.forRoot({ ...options, name: 'audit' })],
    providers: [Handlers],
  })
    .setLogger(new CapturingLogger())
    .compile();
  const etcd = app.get(EtcdService);
  if (listen) etcd.events$.subscribe(listen);
  await app.init();
  return {
    app,
    etcd,
    audit: app.get<EtcdService>(getEtcdToken('audit')),
    [Symbol.asyncDispose]: () => app.close(),
  };
}

describe('events$', () => {
  it('tells what the client of its connection tells on the channels, and what happens to handlers', async () => {
    const told: EtcdServiceEvent[] = [];
    await using one = await start((event) => told.push(event));
    await waitFor(() => told.some(({ type }) => type === 'watch.ready'));
    await one.audit.set('/a', '1');
    await one.etcd.set('/observed', '1');
    await waitFor(() => told.some(({ type }) => type === 'watch.handler.failed'));
    expect(told).toContainEqual({
      type: 'operation.end',
      connection: undefined,
      client: one.etcd.identity,
      operation: 'set',
      key: '/observed',
      duration: expect.any(Number),
      etcdIndex: expect.any(Number),
    });
    const types = told.map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['request.start', 'request.end', 'watch.event']));
    expect(told.filter((event) => 'client' in event && event.client !== one.etcd.identity)).toEqual([]);
    // What was told is not changed by what is told later.
    expect(told.find(({ type }) => type === 'operation.start')).not.toHaveProperty('duration');
  });

  it('has the name of the connection', async () => {
    await using one = await start();
    const told: EtcdServiceEvent[] = [];
    one.audit.events$.subscribe((event) => told.push(event));
    await one.audit.get('/').catch(() => undefined);
    await one.etcd.get('/').catch(() => undefined);
    expect(told.filter(({ type }) => type === 'operation.end')).toMatchObject([
      { connection: 'audit', client: { name: 'audit' } },
    ]);
  });

  it('tells two applications of one process apart', async () => {
    await using one = await start();
    await using other = await start();
    const told: EtcdServiceEvent[] = [];
    one.etcd.events$.subscribe((event) => told.push(event));
    await other.etcd.set('/elsewhere', '1');
    expect(told.filter((event) => 'key' in event && event.key === '/elsewhere')).toEqual([]);
  });

  it('listens to the channels only while somebody listens to it, and once for all', async () => {
    await using one = await start();
    expect(heard()).toEqual([]);
    const ends: string[] = [];
    const listen = () =>
      one.etcd.events$.subscribe(({ type }) => {
        if (type === 'operation.end') ends.push(type);
      });
    const [first, second] = [listen(), listen()];
    expect(heard()).toEqual(etcdChannelNames);
    await one.etcd.set('/a', '1');
    expect(ends).toHaveLength(2);
    first.unsubscribe();
    await one.etcd.set('/a', '1');
    expect(ends).toHaveLength(3);
    second.unsubscribe();
    expect(heard()).toEqual([]);
    listen().unsubscribe();
    expect(heard()).toEqual([]);
  });

  it('lets go of the channels when the application closes, and for good', async () => {
    const one = await start();
    let isCompleted = 0;
    const listen = () => one.etcd.events$.subscribe({ complete: () => isCompleted++ });
    listen();
    expect(heard()).toEqual(etcdChannelNames);
    await one.app.close();
    expect([isCompleted, heard()]).toEqual([1, []]);
    listen();
    expect([isCompleted, heard()]).toEqual([2, []]);
  });

  it('does not take the channels from others', async () => {
    await using one = await start();
    const keys: unknown[] = [];
    const stop = subscribeEtcd('nestjs-etcd:operation:end', ({ key }) => keys.push(key));
    one.etcd.events$.subscribe().unsubscribe();
    await one.etcd.set('/still', '1');
    stop();
    expect(keys).toEqual(['/still']);
  });
});
