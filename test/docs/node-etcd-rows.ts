import { expect } from '@jest/globals';
import {
  EtcdClient,
  type EtcdClientOptions,
  type EtcdError,
  type EtcdWatcherEvents,
} from 'nestjs-etcd/client';
import { EmbeddedEtcd } from 'nestjs-etcd/testing';
import { request } from 'undici';

import { waitFor } from '../support/wait-for.js';

/** What each row is tried with. */
export interface World {
  readonly server: EmbeddedEtcd;
  readonly etcd: EtcdClient;
}
export type RowTest = (world: World) => Promise<void>;

/** That the option is taken. */
const takes =
  (options: EtcdClientOptions): RowTest =>
  async () => {
    await using etcd = new EtcdClient(options);
    expect(etcd.endpoints).toHaveLength(1);
  };

/** That there is nothing of that name, and that the page says so. */
const hasNone =
  (...names: string[]): RowTest =>
  async ({ etcd }) => {
    for (const name of names) expect(name in etcd).toBe(false);
  };

const fails = async (call: Promise<unknown>): Promise<EtcdError> =>
  call.then(
    () => {
      throw new Error('It should fail.');
    },
    (error: unknown) => error as EtcdError,
  );

/** That a listener of this name hears what is done. */
const tells =
  (name: keyof EtcdWatcherEvents, act: (world: World) => Promise<unknown>): RowTest =>
  async (world) => {
    const heard: unknown[] = [];
    await using watcher = world.etcd
      .watch('/w', { recursive: true })
      .on(name, (...args: readonly unknown[]) => void heard.push(args));
    await watcher.ready;
    await act(world);
    if (name === 'close') await watcher.close();
    await waitFor(() => heard.length > 0);
    expect(heard).toHaveLength(1);
  };

const swaps: RowTest = async ({ etcd }) => {
  const { node } = await etcd.set('/k', 'old');
  await etcd.compareAndSwap('/k', 'new', { prevValue: 'old' });
  await expect(etcd.compareAndSwap('/k', 'x', { prevValue: 'old' })).rejects.toMatchObject({
    errorCode: 101,
  });
  await expect(etcd.compareAndSwap('/k', 'x', { prevIndex: node.modifiedIndex })).rejects.toMatchObject({
    errorCode: 101,
  });
  await expect(etcd.compareAndSwap('/k', 'x', { prevIndex: 0 })).rejects.toMatchObject({
    code: 'ETCD_OPTIONS',
  });
};

const deletes: RowTest = async ({ etcd }) => {
  await etcd.set('/k', 'v');
  expect((await etcd.delete('/k')).action).toBe('delete');
};

const comparesAndDeletes: RowTest = async ({ etcd }) => {
  await etcd.set('/k', 'v');
  await expect(etcd.compareAndDelete('/k', { prevValue: 'x' })).rejects.toMatchObject({ errorCode: 101 });
  await etcd.compareAndDelete('/k', { prevValue: 'v' });
};

const appends: RowTest = async ({ etcd }) => {
  const { node } = await etcd.append('/queue', 'a');
  expect(node.key).toMatch(/^\/queue\/\d{20}$/);
  await etcd.create('/key', 'v');
  await expect(etcd.create('/key', 'v')).rejects.toMatchObject({ code: 'ETCD_KEY_EXISTS' });
};

const waits: RowTest = async ({ etcd }) => {
  const { node } = await etcd.set('/k', '1');
  const change = await etcd.waitForChange('/k', { waitIndex: node.modifiedIndex });
  expect(change.node.value).toBe('1');
};

const aborts: RowTest = async ({ etcd, server }) => {
  server.pause();
  const controller = new AbortController();
  const call = fails(etcd.get('/k', { signal: controller.signal }));
  controller.abort();
  expect((await call).code).toBe('ETCD_ABORTED');
  expect(controller.signal.aborted).toBe(true);
  server.resume();
};

const listsAttempts: RowTest = async () => {
  await using lost = new EtcdClient({ hosts: 'http://127.0.0.1:1', timeout: 2_000 });
  const { attempts, code } = await fails(lost.get('/k'));
  expect(code).toBe('ETCD_CONNECTION');
  expect(attempts.length).toBeGreaterThan(0);
  expect(attempts[0]).toMatchObject({ endpoint: 'http://127.0.0.1:1', outcome: 'ECONNREFUSED' });
};

/** What shows that a row of docs/from-node-etcd.md is true, by its first column. */
export const nodeEtcdRows: Record<string, RowTest> = {
  'Etcd(hosts)': async () => {
    for (const hosts of ['127.0.0.1:2379', 'http://127.0.0.1:2379', 'https://127.0.0.1:2379', ['127.0.0.1']])
      await takes({ hosts })({} as World);
  },
  'Etcd(timeout)': takes({ timeout: 1_000, tryTimeout: 100 }),
  'Etcd(ca)': takes({ tls: { ca: 'ca.pem' } }),
  'Etcd(cert)': takes({ tls: { cert: 'cert.pem', key: 'key.pem' } }),
  'Etcd(key)': takes({ tls: { cert: 'cert.pem', key: 'key.pem' } }),
  'Etcd(passphrase)': takes({ tls: { cert: 'cert.pem', key: 'key.pem', passphrase: 'p' } }),
  'Etcd(auth)': takes({ auth: { username: 'u', password: 'p' } }),
  'Etcd(proxy)': async ({ server }) => {
    await using etcd = new EtcdClient({ hosts: 'http://etcd.test', dispatcher: server.dispatcher });
    expect((await etcd.set('/k', 'v')).action).toBe('set');
  },
  getHosts: async ({ etcd, server }) => expect(etcd.endpoints).toEqual([server.url]),
  maxRetries: listsAttempts,

  set: async ({ etcd }) => expect((await etcd.set('key', 'value')).node.key).toBe('/key'),
  'set(null)': async ({ etcd, server }) => {
    await request(`${server.url}/v2/keys/none`, { method: 'PUT' });
    await etcd.set('/empty', '');
    for (const key of ['/none', '/empty'])
      expect((await etcd.get(key)).node).toMatchObject({ dir: false, value: '' });
  },
  'set(ttl)': async ({ etcd }) => expect((await etcd.set('/k', 'v', { ttl: 60 })).node.ttl).toBe(60),
  'set(prevValue)': swaps,
  'set(prevIndex)': async (world) => {
    await swaps(world);
    const read = await world.etcd.get('/k');
    expect((await world.etcd.update(read, 'y')).node.value).toBe('y');
  },
  'set(prevExist)': async ({ etcd }) => {
    await expect(etcd.update('/k', 'v')).rejects.toMatchObject({ errorCode: 100 });
    await etcd.create('/k', 'v');
    await etcd.update('/k', 'w');
  },
  compareAndSwap: swaps,
  testAndSet: swaps,
  get: async ({ etcd }) => {
    await expect(etcd.get('/none')).rejects.toMatchObject({ errorCode: 100 });
    expect(await etcd.find('/none')).toBeUndefined();
  },
  'get(recursive)': async ({ etcd }) => {
    await etcd.set('/a/b/c', 'v');
    const { node } = await etcd.get('/a', { recursive: true });
    expect([...node.leaves()].map(({ key }) => key)).toEqual(['/a/b/c']);
  },
  'get(wait)': async ({ etcd }) => {
    const change = etcd.waitForChange('/k');
    await waitFor(async () => (await etcd.stats.store()).watchers > 0);
    await etcd.set('/k', 'v');
    expect((await change).node.value).toBe('v');
  },
  'get(waitIndex)': waits,
  del: deletes,
  delete: deletes,
  'del(recursive)': async ({ etcd }) => {
    await etcd.set('/a/b', 'v');
    await etcd.delete('/a', { recursive: true });
    expect(await etcd.exists('/a')).toBe(false);
  },
  compareAndDelete: comparesAndDeletes,
  testAndDelete: comparesAndDeletes,
  mkdir: async ({ etcd }) => {
    expect((await etcd.mkdir('/d')).node.dir).toBe(true);
    await expect(etcd.mkdir('/d')).rejects.toMatchObject({ code: 'ETCD_KEY_EXISTS' });
  },
  rmdir: async ({ etcd }) => {
    await etcd.set('/d/k', 'v');
    await expect(etcd.rmdir('/d')).rejects.toMatchObject({ code: 'ETCD_DIRECTORY_NOT_EMPTY' });
    await etcd.delete('/d/k');
    await etcd.rmdir('/d');
  },
  create: appends,
  post: appends,
  raw: hasNone('raw', 'api_execute', 'request'),
  setSync: hasNone('setSync'),
  getSync: hasNone('getSync'),
  delSync: hasNone('delSync', 'deleteSync'),
  mkdirSync: hasNone('mkdirSync'),
  rmdirSync: hasNone('rmdirSync'),

  watch: async ({ etcd }) => {
    await expect(etcd.waitForChange('/k', { timeout: 50 })).rejects.toMatchObject({ code: 'ETCD_TIMEOUT' });
  },
  watchIndex: waits,
  watcher: tells('event', ({ etcd }) => etcd.set('/w/k', 'v')),
  'watcher(index)': async ({ etcd }) => {
    const { node } = await etcd.set('/k', '1');
    for await (const event of etcd.watch('/k', { waitIndex: node.modifiedIndex })) {
      expect(event.index).toBe(node.modifiedIndex);
      break;
    }
  },
  'watcher(recursive)': tells('event', ({ etcd }) => etcd.set('/w/a/b', 'v')),
  'watcher.change': tells('change', ({ etcd }) => etcd.set('/w/k', 'v')),
  'watcher.set': tells('set', ({ etcd }) => etcd.set('/w/k', 'v')),
  'watcher.delete': async (world) => {
    await world.etcd.set('/w/k', 'v');
    await tells('delete', ({ etcd }) => etcd.delete('/w', { recursive: true }))(world);
  },
  'watcher.resync': tells('resync', async ({ etcd, server }) => {
    const state = server.snapshot();
    for (let i = 0; i < 20; i++) await etcd.set('/w/k', `${i}`);
    server.restore(state);
  }),
  'watcher.reconnect': async ({ etcd }) => {
    await using watcher = etcd.watch('/w');
    // @ts-expect-error There is no such event.
    watcher.on('reconnect', () => undefined);
    expect(watcher).not.toHaveProperty('reconnect');
  },
  'watcher.error': async () => {
    await using server = await EmbeddedEtcd.start({ auth: { password: 'p' } });
    await using etcd = new EtcdClient({ hosts: server.url });
    const heard: unknown[] = [];
    etcd.watch('/w').on('error', (error) => heard.push((error as EtcdError).code));
    await waitFor(() => heard.length === 1);
    expect(heard).toEqual(['ETCD_UNAUTHORIZED']);
  },
  'watcher.stop': async ({ etcd }) => {
    const watcher = etcd.watch('/w');
    await watcher.ready;
    await watcher.close();
    await etcd.set('/w', 'v');
    expect(await watcher[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
  },
  "watcher.on('stop')": tells('close', async () => undefined),

  machines: async ({ etcd, server }) => {
    expect(await etcd.machines()).toEqual([server.url]);
    expect((await request(`${server.url}/v2/keys/_etcd/machines`)).statusCode).toBe(404);
  },
  leader: async ({ etcd, server }) => {
    expect((await etcd.leader()).clientURLs).toEqual([server.url]);
    expect((await request(`${server.url}/v2/leader`)).statusCode).toBe(404);
  },
  leaderStats: async ({ etcd }) => expect(await etcd.stats.leader()).toHaveProperty('followers'),
  selfStats: async ({ etcd }) => expect(await etcd.stats.self()).toHaveProperty('name'),
  version: async ({ etcd }) => expect(await etcd.version()).toEqual({ server: '3.4.23', cluster: '3.4.0' }),

  'body.action': async ({ etcd }) => expect((await etcd.set('/k', 'v')).action).toBe('set'),
  'body.node': async ({ etcd }) => expect((await etcd.set('/k', 'v')).node.value).toBe('v'),
  'body.node.nodes': async ({ etcd }) => {
    await etcd.set('/d/k', 'v');
    await etcd.mkdir('/none');
    expect((await etcd.get('/d')).node.children.map(({ key }) => key)).toEqual(['/d/k']);
    for (const key of ['/none', '/d/k']) expect((await etcd.get(key)).node.children).toEqual([]);
  },
  'body.prevNode': async ({ etcd }) => {
    await etcd.set('/k', '1');
    expect((await etcd.set('/k', '2')).prevNode?.value).toBe('1');
  },
  headers: async ({ etcd }) =>
    expect(await etcd.set('/k', 'v')).toMatchObject({
      etcdIndex: expect.any(Number),
      raftIndex: expect.any(Number),
      raftTerm: expect.any(Number),
      clusterId: expect.any(String),
    }),
  'err.errorCode': async ({ etcd }) =>
    expect(await fails(etcd.get('/k'))).toMatchObject({ errorCode: 100, code: 'ETCD_KEY_NOT_FOUND' }),
  'err.error': async ({ etcd }) =>
    expect(await fails(etcd.get('/k'))).toMatchObject({ reason: '/k', index: expect.any(Number) }),
  'err.errors': listsAttempts,
  'err.retries': listsAttempts,
  'token.abort': aborts,
  'token.cancel': aborts,
  'token.isAborted': aborts,
  'token.wasAborted': aborts,
};

/** What release 7.0.0 defines: `Etcd.prototype` without what begins with `_`, and the cancellation token. */
