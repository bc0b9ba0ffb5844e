import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EtcdAbortedError,
  EtcdCache,
  type EtcdCacheChange,
  EtcdClient,
  EtcdClosedError,
  EtcdError,
  EtcdUnauthorizedError,
} from 'nestjs-etcd/client';

import { Lines } from '../cluster/lines.js';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { freePort, waitFor } from '../support/wait-for.js';
import { WatchedMember } from './watched-member.js';

/** A copy that is made of nothing but changes. */
class Copy {
  readonly values = new Map<string, string | undefined>();

  constructor(cache: EtcdCache) {
    cache.on('change', (change) => this.apply(change));
  }

  private apply({ type, key, node, prevNode }: EtcdCacheChange): void {
    // What is said to have been there must have been.
    if (prevNode?.value !== this.values.get(key)) throw new Error(`${type} ${key} does not follow`);
    if (node === undefined) this.values.delete(key);
    else this.values.set(key, node.value);
  }
}

describe('A cache', () => {
  let etcd: WatchedMember;
  let writer: EtcdClient;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
    writer = etcd.writer;
  });
  afterEach(async () => {
    await etcd.proxy.accept();
    await etcd.endTest();
  });
  afterAll(() => etcd[Symbol.asyncDispose]());

  /** Every file of a subtree as etcd has it. */
  async function stored(key: string): Promise<Map<string, string | undefined>> {
    const { node } = await writer.get(key, { recursive: true, quorum: true });
    return new Map(Array.from(node.leaves(), (leaf) => [leaf.key, leaf.value]));
  }
  const held = (cache: EtcdCache) => new Map(Array.from(cache, ([key, { value }]) => [key, value]));
  const reaches = (cache: EtcdCache, index: number) =>
    waitFor(() => cache.index >= index, { what: `the index ${index} of a cache at ${cache.index}` });

  /** Changes files in every way, and gives the last index. */
  async function stir(key: string, round: number): Promise<number> {
    for (let i = 0; i < 5; i++) await writer.set(`${key}/dir-${round}/${i}`, `${round}`);
    await writer.set(`${key}/kept`, `${round}`);
    if (round > 0) await writer.delete(`${key}/dir-${round - 1}`, { recursive: true });
    if (round > 0) await writer.set(`${key}/dir-${round - 1}`, 'a file now');
    return (await writer.set(`${key}/last`, `${round}`)).etcdIndex;
  }

  it('keeps its last state while etcd is away, and catches up, whether its history holds all or not', async () => {
    const key = etcd.key();
    await stir(key, 0);
    const cache = etcd.client().cache(key);
    const copy = new Copy(cache);
    await cache.ready;
    await waitFor(() => copy.values.size === cache.size, { what: 'the first state' });
    for (const [i, elsewhere] of [0, 1_001].entries()) {
      const before = held(cache);
      await etcd.proxy.refuse();
      etcd.proxy.reset();
      const last = await stir(key, i + 1);
      await etcd.writeElsewhere(elsewhere);
      expect(held(cache)).toEqual(before);
      await etcd.proxy.accept();
      await reaches(cache, last);
      expect(held(cache)).toEqual(await stored(key));
      expect(copy.values).toEqual(held(cache));
    }
    expect(cache.size).toBe(9);
  });

  it('is right again after more changes than wait for it', async () => {
    const key = etcd.key();
    await stir(key, 0);
    const client = etcd.client();
    const watcher = client.watch(key, { recursive: true, initial: true, buffer: 3 });
    const other = await etcd.watch(key, { recursive: true }, client);
    const reasons: string[] = [];
    let open: () => void = () => undefined;
    let gate = Promise.resolve();
    const next = watcher.next.bind(watcher);
    watcher.next = async () => {
      await gate;
      const result = await next();
      if (result.value?.action === 'resync') reasons.push(result.value.reason);
      return result;
    };
    const cache = new EtcdCache(watcher, new Lines());
    const copy = new Copy(cache);
    await cache.ready;
    await waitFor(() => copy.values.size === 7, { what: 'the first state' });
    for (let round = 1; round < 4; round++) {
      gate = new Promise((resolve) => (open = resolve));
      // One call is under way, and takes one of them.
      const last = await stir(key, round);
      await other.reaches(last);
      open();
      await reaches(cache, last);
      expect(held(cache)).toEqual(await stored(key));
      expect(copy.values).toEqual(held(cache));
    }
    expect(reasons).toEqual(['initial', 'overflow', 'overflow', 'overflow']);
    await cache.close();
  });

  it('survives a restart of etcd', async () => {
    await using own = await WatchedMember.start();
    const cache = own.client().cache('/app');
    await cache.ready;
    await own.writer.set('/app/a', '1');
    await reaches(cache, 1);
    await own.member.kill();
    await own.member.restart();
    const last = await waitFor(() => own.writer.set('/app/b', '2'), { what: 'a write' });
    await reaches(cache, last.etcdIndex);
    expect([...cache.keys()]).toEqual(['/app/a', '/app/b']);
  });

  it('becomes ready when there is an etcd', async () => {
    const clientPort = await freePort();
    await using client = new EtcdClient({ hosts: `http://127.0.0.1:${clientPort}` });
    const cache = client.cache('/app');
    let isReady = false;
    void cache.ready.then(() => (isReady = true));
    await expect(client.get('/', { timeout: 200 })).rejects.toBeInstanceOf(EtcdError);
    expect([isReady, cache.size, cache.index]).toEqual([false, 0, 0]);
    await using member = await EtcdMember.start({ clientPort });
    await cache.ready;
    await using other = new EtcdClient({ hosts: member.url, ...patient });
    await reaches(cache, (await other.set('/app/a', '1')).etcdIndex);
    expect(cache.get('/app/a')?.value).toBe('1');
  });

  it('keeps its last state when it is closed, and takes in nothing more', async () => {
    const key = etcd.key();
    await writer.set(`${key}/a`, '1');
    const cache = etcd.client().cache(key);
    const changes: string[] = [];
    await cache.ready;
    cache.on('change', (change) => changes.push(change.key));
    await Promise.all([cache.close(), cache.close()]);
    await waitFor(async () => (await etcd.registered()) === 0, { what: 'the end of its watch' });
    await writer.set(`${key}/a`, '2');
    const other = await etcd.watch(key, { recursive: true });
    await other.reaches((await writer.set(`${key}/b`, '2')).etcdIndex);
    expect([cache.get(`${key}/a`)?.value, cache.size, changes]).toEqual(['1', 1, []]);
  });

  it.each<[string, (cache: EtcdCache, client: EtcdClient, abort: AbortController) => unknown, unknown]>([
    ['it is closed', (cache) => cache.close(), EtcdClosedError],
    ['its client is closed', (_, client) => client.close(), EtcdClosedError],
    ['its signal is aborted', (_cache, _client, abort) => abort.abort(), EtcdAbortedError],
  ])('rejects `ready` when %s before it was', async (_, end, error) => {
    await using client = new EtcdClient({ hosts: `http://127.0.0.1:${await freePort()}` });
    const controller = new AbortController();
    const cache = client.cache('/app', { signal: controller.signal });
    await end(cache, client, controller);
    await expect(cache.ready).rejects.toBeInstanceOf(error);
    await cache.close();
  });

  it('tells what has ended it, to its listeners or to the log, and keeps its last state', async () => {
    const key = etcd.key();
    await writer.set(`${key}/a`, '1');
    const logger = new Lines();
    const controller = new AbortController();
    const client = etcd.client({ logger });
    const [heard, logged] = [1, 2].map(() => client.cache(key, { signal: controller.signal })) as [
      EtcdCache,
      EtcdCache,
    ];
    const errors: unknown[] = [];
    heard.on('error', (error) => errors.push(error));
    await Promise.all([heard.ready, logged.ready]);
    controller.abort();
    await waitFor(() => errors.length + logger.all.length >= 2, { what: 'both to be told' });
    expect(errors).toEqual([expect.any(EtcdAbortedError)]);
    expect(logger.all).toEqual([expect.stringMatching(`^error The cache of ${key} has ended: `)]);
    expect(heard.size + logged.size).toBe(2);
    // It had been ready.
    await heard.ready;
  });

  it('ends when it is not allowed', async () => {
    await using member = await EtcdMember.start();
    await using anybody = new EtcdClient({ hosts: member.url, ...patient });
    await anybody.users.create('root', 'p');
    await anybody.auth.enable();
    await using root = new EtcdClient({ hosts: member.url, auth: { username: 'root', password: 'p' } });
    await root.roles.revoke('guest', { read: '/*' });
    const cache = anybody.cache('/app');
    await expect(cache.ready).rejects.toBeInstanceOf(EtcdUnauthorizedError);
  });
});
