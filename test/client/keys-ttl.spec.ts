import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EtcdClient,
  EtcdCompareFailedError,
  EtcdKeyNotFoundError,
  type EtcdResult,
} from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { RawStore } from './raw-store.js';
import { aTtlOf } from './ttl.js';

describe('Times to live', () => {
  let member: EtcdMember;
  let raw: RawStore;
  let etcd: EtcdClient;
  beforeAll(async () => {
    member = await EtcdMember.start();
    raw = new RawStore(member);
    etcd = new EtcdClient({ hosts: member.url, tryTimeout: 5_000 });
  });
  afterAll(async () => {
    await etcd.close();
    await member.stop();
  });

  /** Every write that takes a TTL, each on a key of its own that is there beforehand where it must be. */
  const writes: [name: string, write: (key: string, ttl: number) => Promise<EtcdResult | undefined>][] = [
    ['set', (key, ttl) => etcd.set(key, 'v', { ttl })],
    ['create', (key, ttl) => etcd.create(key, 'v', { ttl })],
    ['append', (key, ttl) => etcd.append(key, 'v', { ttl })],
    ['mkdir', (key, ttl) => etcd.mkdir(key, { ttl })],
    ['mkdir in order', (key, ttl) => etcd.mkdir(key, { ttl, inOrder: true })],
    ['modify of a missing key', (key, ttl) => etcd.modify(key, () => 'v', { ttl })],
    [
      'update',
      async (key, ttl) => {
        await raw.put(key, { value: 'old' });
        return etcd.update(key, 'v', { ttl });
      },
    ],
    [
      'update from a result',
      async (key, ttl) => {
        await raw.put(key, { value: 'old' });
        return etcd.update(await etcd.get(key), 'v', { ttl });
      },
    ],
    [
      'compareAndSwap',
      async (key, ttl) => {
        await raw.put(key, { value: 'old' });
        return etcd.compareAndSwap(key, 'v', { prevValue: 'old', ttl });
      },
    ],
    [
      'modify',
      async (key, ttl) => {
        await raw.put(key, { value: 'old' });
        return etcd.modify(key, () => 'v', { ttl });
      },
    ],
    [
      'updateDirectory',
      async (key, ttl) => {
        await raw.put(key, { dir: 'true' });
        return etcd.updateDirectory(key, { ttl });
      },
    ],
    [
      'refresh',
      async (key, ttl) => {
        await raw.put(key, { value: 'old' });
        return etcd.refresh(key, ttl);
      },
    ],
  ];

  it.each(writes)('%s takes seconds to live', async (name, write) => {
    const node = (await write(`/ttl/${name.replaceAll(' ', '-')}`, 100))?.node;
    expect(node?.ttl).toEqual(aTtlOf(100));
    const left = Date.parse(node?.expiration ?? '') - Date.now();
    expect(left).toBeGreaterThan(90_000);
    expect(left).toBeLessThanOrEqual(100_000);
    const stored = await raw.get(node?.key ?? '');
    expect(stored.node.expiration).toBe(node?.expiration);
  });

  it.each(writes)('%s takes 0, which etcd leaves out of its answer', async (name, write) => {
    const node = (await write(`/zero/${name.replaceAll(' ', '-')}`, 0))?.node;
    expect(node?.expiration).toBeDefined();
    // 0 is not the same as no TTL, and a moment later it is below.
    expect(node?.ttl).toBeLessThanOrEqual(0);
  });

  it('removes what was written with 0 at the next sweep', async () => {
    const left = async () => Array.from((await etcd.get('/zero', { recursive: true })).node.subtree());
    const isGone = async () => (await left()).every(({ dir, expiration }) => dir && expiration === undefined);
    expect(await waitFor(isGone, { what: 'the expiry' })).toBe(true);
  });

  it('drops the TTL with every write that gives none', async () => {
    for (const write of [
      () => etcd.set('/drop', 'v'),
      () => etcd.update('/drop', 'v'),
      () => etcd.compareAndSwap('/drop', 'v', { prevValue: 'old' }),
    ]) {
      await raw.put('/drop', { value: 'old', ttl: '100' });
      expect((await write()).node.ttl).toBeUndefined();
      expect((await raw.get('/drop')).node).not.toHaveProperty('expiration');
    }
  });

  it('lets a key expire, and its whole tree with a directory', async () => {
    await etcd.mkdir('/expiring', { ttl: 3 });
    await etcd.set('/expiring/permanent', 'v');
    await etcd.set('/alone', 'v', { ttl: 3 });
    expect(await etcd.exists('/alone')).toBe(true);
    await waitFor(async () => !(await etcd.exists('/alone')), { what: 'the expiry of the file' });
    await waitFor(async () => !(await etcd.exists('/expiring')), { what: 'the expiry of the directory' });
    expect((await raw.get('/expiring/permanent')).status).toBe(404);
  });

  describe('refresh', () => {
    /** What a watcher that begins at an index sees first. */
    const firstEvent = async (key: string, waitIndex: number) =>
      (await raw.get(`${key}?wait=true&waitIndex=${waitIndex}`)).node.modifiedIndex;

    it('keeps the value, and nobody who watches is told', async () => {
      await raw.put('/refresh', { value: 'kept', ttl: '10' });
      const refreshed = await etcd.refresh('/refresh', 100);
      expect(refreshed).toMatchObject({ action: 'update', node: { value: 'kept', ttl: aTtlOf(100) } });
      expect(refreshed.prevNode?.ttl).toBeLessThanOrEqual(10);
      const next = await raw.put('/refresh', { value: 'next' });
      expect(await firstEvent('/refresh', refreshed.etcdIndex)).toBe(next.index);

      // The control: an update of the same kind is seen.
      const updated = await etcd.update('/refresh', 'kept', { ttl: 100 });
      await raw.put('/refresh', { value: 'next' });
      expect(await firstEvent('/refresh', updated.etcdIndex)).toBe(updated.etcdIndex);
    });

    it('keeps a key alive beyond its first TTL', async () => {
      await etcd.set('/alive', 'v', { ttl: 3 });
      await etcd.set('/dying', 'v', { ttl: 3 });
      await etcd.refresh('/alive', 100);
      await waitFor(async () => !(await etcd.exists('/dying')), { what: 'the expiry of the control' });
      expect(await raw.value('/alive')).toBe('v');
    });

    it('renews only for the owner with `prevValue`, and only once with `prevIndex`', async () => {
      const { index } = await raw.put('/owned', { value: 'me', ttl: '100' });
      await expect(etcd.refresh('/owned', 50, { prevValue: 'you' })).rejects.toBeInstanceOf(
        EtcdCompareFailedError,
      );
      expect((await raw.get('/owned')).index).toBe(index);
      expect((await etcd.refresh('/owned', 50, { prevIndex: index })).action).toBe('compareAndSwap');
      await expect(etcd.refresh('/owned', 50, { prevIndex: index })).rejects.toBeInstanceOf(
        EtcdCompareFailedError,
      );
      expect((await etcd.refresh('/owned', 60, { prevValue: 'me' })).node).toMatchObject({
        value: 'me',
        ttl: aTtlOf(60),
      });
    });

    it('works on a directory, and never brings a lost key back', async () => {
      await raw.put('/refresh-dir/file', { value: 'v' });
      expect((await etcd.refresh('/refresh-dir', 100)).node).toMatchObject({ dir: true, ttl: aTtlOf(100) });
      expect(await raw.value('/refresh-dir/file')).toBe('v');
      await expect(etcd.refresh('/lost', 100)).rejects.toBeInstanceOf(EtcdKeyNotFoundError);
      expect((await raw.get('/lost')).status).toBe(404);
    });
  });
});
