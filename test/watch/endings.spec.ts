import { getEventListeners } from 'node:events';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EtcdAbortedError,
  EtcdClient,
  EtcdClosedError,
  EtcdError,
  EtcdResponseTooLargeError,
  EtcdUnauthorizedError,
} from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { freePort, waitFor } from '../support/wait-for.js';
import { Recorder } from './recorder.js';
import { WatchedMember } from './watched-member.js';

describe('A watcher and its signal', () => {
  let etcd: WatchedMember;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  it('sends nothing when that was aborted before', async () => {
    const key = etcd.key();
    const reason = new Error('too late');
    const client = etcd.client();
    const recorder = new Recorder(client.watch(key, { signal: AbortSignal.abort(reason) }));
    await recorder.ended;
    expect(recorder.end).toEqual({ error: expect.any(EtcdAbortedError) });
    expect(recorder.end).toMatchObject({ error: { cause: reason } });
    await expect(recorder.watcher.ready).rejects.toBeInstanceOf(EtcdAbortedError);
    await client.get('/');
    expect(etcd.watches.filter((line) => line.includes(key))).toEqual([]);
  });

  it.each([
    ['while it waits', 0],
    ['while events wait for it', 3],
  ])('ends with an error when that is aborted %s, once, and leaves no listener behind', async (_, count) => {
    const key = etcd.key();
    const controller = new AbortController();
    const watcher = etcd.client().watch(key, { signal: controller.signal });
    await watcher.ready;
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    const next = count === 0 ? watcher.next() : undefined;
    for (let i = 0; i < count; i++) await etcd.writer.set(key, String(i));
    controller.abort('enough');
    await expect(next ?? watcher.next()).rejects.toMatchObject({ code: 'ETCD_ABORTED', cause: 'enough' });
    expect(await watcher.next()).toEqual({ done: true, value: undefined });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    await waitFor(async () => (await etcd.registered()) === 0, { what: 'the end of the watch' });
    // It had been ready.
    await watcher.ready;
  });

  it('shares it with others, and takes back nothing of theirs', async () => {
    const key = etcd.key();
    const { signal } = new AbortController();
    const client = etcd.client();
    const [first, second] = [client.watch(key, { signal }), client.watch(key, { signal })];
    await Promise.all([first.ready, second.ready]);
    await first.close();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await second.close();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('A watcher of an event that is longer than its client takes', () => {
  it('ends with EtcdResponseTooLargeError, and does not ask for it again and again', async () => {
    await using etcd = await WatchedMember.start();
    const client = etcd.client({ maxResponseBytes: 100_000 });
    const live = new Recorder(client.watch('/app', { recursive: true }));
    await live.watcher.ready;
    const { etcdIndex } = await etcd.writer.set('/app/a', 'x'.repeat(90_000));
    await etcd.writer.set('/app/b', 'x'.repeat(110_000));
    const past = new Recorder(client.watch('/app/b', { waitIndex: etcdIndex }));
    for (const recorder of [live, past]) {
      await waitFor(() => recorder.end !== undefined, { what: 'the end of the watch' });
      expect(recorder.end).toEqual({ error: expect.any(EtcdResponseTooLargeError) });
    }
    expect(live.indexes).toEqual([etcdIndex]);
    expect(past.events).toEqual([]);
  });
});

describe('`ready`', () => {
  it('comes when there is a member that answers, and not before', async () => {
    const clientPort = await freePort();
    await using etcd = new EtcdClient({ hosts: `http://127.0.0.1:${clientPort}` });
    let isReady = false;
    const watcher = etcd.watch('/key');
    void watcher.ready.then(() => (isReady = true));
    // It has been tried, and there is nobody.
    await expect(etcd.get('/', { timeout: 200 })).rejects.toBeInstanceOf(EtcdError);
    expect(isReady).toBe(false);
    await using member = await EtcdMember.start({ clientPort });
    await watcher.ready;
    await using writer = new EtcdClient({ hosts: member.url, ...patient });
    const { etcdIndex } = await writer.set('/key', 'v');
    expect((await watcher.next()).value).toMatchObject({ index: etcdIndex });
  });

  it.each<
    [string, (etcd: EtcdClient, watcher: Recorder['watcher'], abort: AbortController) => unknown, unknown]
  >([
    ['the watcher is closed', (_, watcher) => watcher.close(), EtcdClosedError],
    ['the iteration is left', (_, watcher) => watcher.return(), EtcdClosedError],
    ['the client is closed', (etcd) => etcd.close(), EtcdClosedError],
    ['the signal is aborted', (_etcd, _watcher, abort) => abort.abort(), EtcdAbortedError],
  ])('rejects when %s before it could come', async (_, end, error) => {
    for (const options of [{}, { initial: true }, { waitIndex: 7 }]) {
      await using etcd = new EtcdClient({ hosts: `http://127.0.0.1:${await freePort()}` });
      const controller = new AbortController();
      const watcher = etcd.watch('/key', { ...options, signal: controller.signal });
      const next = watcher.next().catch((reason: unknown) => reason);
      await end(etcd, watcher, controller);
      await expect(watcher.ready).rejects.toBeInstanceOf(error);
      const done = { done: true, value: undefined };
      expect([done, expect.any(EtcdAbortedError), expect.any(EtcdClosedError)]).toContainEqual(await next);
    }
  });
});

describe('A watcher of what is not allowed', () => {
  let member: EtcdMember;
  let root: EtcdClient;
  const as = (username: string) =>
    new EtcdClient({ hosts: member.url, auth: { username, password: 'p' }, watch: { rearm: 300 } });
  beforeAll(async () => {
    member = await EtcdMember.start();
    root = as('root');
    await using anybody = new EtcdClient({ hosts: member.url, ...patient });
    await anybody.users.create('root', 'p');
    await anybody.roles.create('narrow', { read: '/app/own*', write: '/app/own*' });
    await anybody.users.create('user', 'p', 'narrow');
    await anybody.auth.enable();
    await root.roles.revoke('guest', { read: '/*', write: '/*' });
  });
  afterAll(async () => {
    await root.close();
    await member.stop();
  });

  it('ends with EtcdUnauthorizedError, and does not ask again', async () => {
    await using guest = new EtcdClient({ hosts: member.url });
    for (const options of [{}, { recursive: true, initial: true }, { waitIndex: 5 }]) {
      const recorder = new Recorder(guest.watch('/app', options));
      await recorder.ended;
      expect(recorder.end).toEqual({ error: expect.any(EtcdUnauthorizedError) });
      expect(recorder.events).toEqual([]);
      await expect(recorder.watcher.ready).rejects.toBeInstanceOf(EtcdUnauthorizedError);
    }
  });

  it('does not take along the one of what is allowed, which had joined it', async () => {
    await using user = as('user');
    const [wide, narrow] = [
      new Recorder(user.watch('/app', { recursive: true })),
      new Recorder(user.watch('/app/own', { recursive: true })),
    ];
    await wide.ended;
    expect(wide.end).toEqual({ error: expect.any(EtcdUnauthorizedError) });
    await narrow.watcher.ready;
    const { etcdIndex } = await root.set('/app/own/key', 'v');
    expect((await narrow.reaches(etcdIndex)).indexes).toEqual([etcdIndex]);
    expect(narrow.end).toBeUndefined();
  });

  it('ends when that is found out at its next re-arming', async () => {
    await root.users.create('fleeting', 'p', 'narrow');
    await using user = as('fleeting');
    const recorder = new Recorder(user.watch('/app/own', { recursive: true }));
    await recorder.watcher.ready;
    const { etcdIndex } = await root.set('/app/own/key', 'v');
    await recorder.reaches(etcdIndex);
    await root.users.revoke('fleeting', 'narrow');
    await recorder.ended;
    expect(recorder.end).toEqual({ error: expect.any(EtcdUnauthorizedError) });
    expect(recorder.indexes).toEqual([etcdIndex]);
  });
});
