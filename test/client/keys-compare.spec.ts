import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EtcdClient,
  EtcdCompareFailedError,
  EtcdKeyNotFoundError,
  EtcdNotFileError,
  EtcdOptionsError,
} from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { RawStore } from './raw-store.js';
import { aTtlOf } from './ttl.js';

describe('Comparing before writing', () => {
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

  const put = async (path: string, value: string) => (await raw.put(path, { value })).index;

  it('swaps by value, by index, and by both', async () => {
    const first = await put('/cas', 'a');
    const byValue = await etcd.compareAndSwap('/cas', 'b', { prevValue: 'a' });
    expect(byValue).toMatchObject({ action: 'compareAndSwap', created: false, prevNode: { value: 'a' } });
    expect(byValue.node.createdIndex).toBe(first);
    const byIndex = await etcd.compareAndSwap('/cas', 'c', { prevIndex: byValue.etcdIndex });
    await etcd.compareAndSwap('/cas', 'd', { prevValue: 'c', prevIndex: byIndex.etcdIndex });
    expect(await raw.value('/cas')).toBe('d');
  });

  it('changes nothing when the value, the index, or one of both differs', async () => {
    const index = await put('/cas-no', 'secret-value');
    for (const condition of [
      { prevValue: 'other' },
      { prevIndex: index - 1 },
      { prevValue: 'other', prevIndex: index },
      { prevValue: 'secret-value', prevIndex: index + 1 },
    ]) {
      const error = await etcd.compareAndSwap('/cas-no', 'new', condition).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(EtcdCompareFailedError);
      expect(error).toMatchObject({ errorCode: 101, mayHaveBeenApplied: false, index });
      // etcd explains the mismatch with the values themselves, which belong into no log.
      expect(String(error)).not.toContain('secret-value');
      await expect(etcd.compareAndDelete('/cas-no', condition)).rejects.toBeInstanceOf(
        EtcdCompareFailedError,
      );
    }
    expect((await raw.get('/cas-no')).node).toMatchObject({ value: 'secret-value', modifiedIndex: index });
  });

  it('rejects for a missing key and for a directory', async () => {
    await raw.put('/cas-dir', { dir: 'true' });
    const condition = { prevIndex: 1 };
    await expect(etcd.compareAndSwap('/cas-none', 'v', condition)).rejects.toBeInstanceOf(
      EtcdKeyNotFoundError,
    );
    await expect(etcd.compareAndSwap('/cas-dir', 'v', condition)).rejects.toBeInstanceOf(EtcdNotFileError);
    await expect(etcd.compareAndDelete('/cas-none', condition)).rejects.toBeInstanceOf(EtcdKeyNotFoundError);
    await expect(etcd.compareAndDelete('/cas-dir', condition)).rejects.toBeInstanceOf(EtcdNotFileError);
  });

  it('removes by value, by index, and by both', async () => {
    await put('/cad', 'a');
    expect(await etcd.compareAndDelete('/cad', { prevValue: 'a' })).toMatchObject({
      action: 'compareAndDelete',
      node: { key: '/cad', value: undefined },
      prevNode: { value: 'a' },
    });
    await etcd.compareAndDelete('/cad', { prevIndex: await put('/cad', 'b') });
    await etcd.compareAndDelete('/cad', { prevValue: 'c', prevIndex: await put('/cad', 'c') });
    expect((await raw.get('/cad')).status).toBe(404);
  });

  it('compares values that look like parameters, or like numbers', async () => {
    for (const value of ['a&b=c', '%41', 'é 😀+', '0', 'null']) {
      await put('/cas-text', value);
      await etcd.compareAndSwap('/cas-text', 'next', { prevValue: value });
      await etcd.compareAndDelete('/cas-text', { prevValue: 'next' });
    }
    expect((await raw.get('/cas-text')).status).toBe(404);
  });

  it('updates from a result only while nobody else has changed the key', async () => {
    await put('/from', 'a');
    const seen = await etcd.get('/from');
    const updated = await etcd.update(seen, 'b');
    expect(updated.action).toBe('compareAndSwap');
    await expect(etcd.update(seen, 'c')).rejects.toBeInstanceOf(EtcdCompareFailedError);
    await etcd.update(updated, 'd');
    expect(await raw.value('/from')).toBe('d');
  });

  it('updates from a child of a listing, also one that went through JSON', async () => {
    await put('/parent/child', 'a');
    const { node } = await etcd.get('/parent');
    const child = node.children[0];
    if (child === undefined) throw new Error('The directory has no child.');
    const { node: updated } = await etcd.update(child, 'b');
    await etcd.update(JSON.parse(JSON.stringify(updated)) as typeof updated, 'c');
    expect(await raw.value('/parent/child')).toBe('c');
  });

  it('asks what to do with a TTL before it updates from a result', async () => {
    await raw.put('/from-ttl', { value: 'a', ttl: '100' });
    const seen = await etcd.get('/from-ttl');
    await expect(etcd.update(seen, 'b')).rejects.toMatchObject({ code: 'ETCD_OPTIONS', option: 'ttl' });
    expect(await raw.value('/from-ttl')).toBe('a');
    const renewed = await etcd.update(seen, 'b', { ttl: 50 });
    expect(renewed.node.ttl).toEqual(aTtlOf(50));
    await etcd.update(renewed, 'c', { ttl: null });
    expect((await raw.get('/from-ttl')).node).not.toHaveProperty('expiration');
  });

  it('does not take a node without an index for permission to overwrite', async () => {
    await put('/from-nothing', 'kept');
    const forged = { key: '/from-nothing', dir: false } as unknown as Parameters<typeof etcd.update>[0];
    await expect(etcd.update(forged as never, 'lost')).rejects.toBeInstanceOf(EtcdOptionsError);
    expect(await raw.value('/from-nothing')).toBe('kept');
  });

  it('swaps a unique value as any other when the answer comes', async () => {
    await put('/unique', 'a');
    const { node } = await etcd.compareAndSwap('/unique', 'uuid-1', { prevValue: 'a', uniqueValue: true });
    await etcd.compareAndSwap('/unique', 'uuid-2', { prevIndex: node.modifiedIndex, uniqueValue: true });
    const swap = etcd.compareAndSwap('/unique', 'uuid-3', { prevValue: 'uuid-1', uniqueValue: true });
    await expect(swap).rejects.toBeInstanceOf(EtcdCompareFailedError);
  });
});
