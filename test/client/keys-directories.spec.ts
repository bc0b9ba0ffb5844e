import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EtcdClient,
  EtcdDirectoryNotEmptyError,
  EtcdKeyExistsError,
  EtcdKeyNotFoundError,
  EtcdNotFileError,
  EtcdRootReadOnlyError,
} from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { RawStore } from './raw-store.js';
import { aTtlOf } from './ttl.js';

describe('Directories and removing', () => {
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

  const isThere = async (path: string) => (await raw.get(path)).status === 200;

  describe('mkdir', () => {
    it('makes a directory with its parents, once', async () => {
      expect(await etcd.mkdir('/mk/a/b')).toMatchObject({
        created: true,
        node: { key: '/mk/a/b', dir: true },
      });
      expect((await raw.get('/mk/a/b')).node).toMatchObject({ dir: true });
      await expect(etcd.mkdir('/mk/a/b')).rejects.toBeInstanceOf(EtcdKeyExistsError);
    });

    it('replaces a file only when asked, and never a directory', async () => {
      await raw.put('/mk/file', { value: 'v' });
      await expect(etcd.mkdir('/mk/file')).rejects.toBeInstanceOf(EtcdKeyExistsError);
      expect(await raw.value('/mk/file')).toBe('v');
      const replaced = await etcd.mkdir('/mk/file', { replaceFile: true });
      expect(replaced).toMatchObject({ created: false, node: { dir: true }, prevNode: { value: 'v' } });
      await expect(etcd.mkdir('/mk/file', { replaceFile: true })).rejects.toBeInstanceOf(EtcdNotFileError);
    });

    it('makes in-order directories', async () => {
      const first = await etcd.mkdir('/mk/jobs', { inOrder: true });
      const second = await etcd.mkdir('/mk/jobs', { inOrder: true });
      expect(first.node).toMatchObject({
        dir: true,
        key: `/mk/jobs/${String(first.etcdIndex).padStart(20, '0')}`,
      });
      expect(second.node.key > first.node.key).toBe(true);
    });
  });

  it('refuses to update a directory from a result, and updates its TTL by a method of its own', async () => {
    const made = await etcd.mkdir('/ud', { ttl: 1_000 });
    await expect(etcd.update(made, 'v', { ttl: 5 })).rejects.toBeInstanceOf(EtcdNotFileError);
    const updated = await etcd.updateDirectory('/ud', { ttl: 100 });
    expect(updated).toMatchObject({ action: 'update', node: { dir: true, ttl: aTtlOf(100) } });
    expect((await raw.get('/ud')).node.ttl).toEqual(aTtlOf(100));
    await etcd.updateDirectory('/ud');
    expect((await raw.get('/ud')).node).not.toHaveProperty('expiration');
    await expect(etcd.updateDirectory('/ud/none')).rejects.toBeInstanceOf(EtcdKeyNotFoundError);
  });

  it('does not show a directory update in what etcd has stored', async () => {
    const made = await etcd.mkdir('/quirk');
    const updated = await etcd.updateDirectory('/quirk', { ttl: 100 });
    expect(updated.node.modifiedIndex).toBeGreaterThan(made.node.modifiedIndex);
    expect((await etcd.get('/quirk')).node.modifiedIndex).toBe(made.node.modifiedIndex);
  });

  describe('delete and rmdir', () => {
    it('removes a file and gives what it was', async () => {
      await raw.put('/rm/file', { value: 'v' });
      const result = await etcd.delete('/rm/file');
      expect(result).toMatchObject({
        action: 'delete',
        created: false,
        node: { key: '/rm/file', value: undefined },
        prevNode: { value: 'v' },
      });
      expect(await isThere('/rm/file')).toBe(false);
      await expect(etcd.delete('/rm/file')).rejects.toBeInstanceOf(EtcdKeyNotFoundError);
    });

    it('needs `dir` for an empty directory and `recursive` for a full one', async () => {
      await raw.put('/rm/full/_hidden', { value: '' });
      await raw.put('/rm/empty', { dir: 'true' });
      await expect(etcd.delete('/rm/empty')).rejects.toBeInstanceOf(EtcdNotFileError);
      await expect(etcd.rmdir('/rm/full')).rejects.toMatchObject({ errorCode: 108, reason: '/rm/full' });
      await expect(etcd.delete('/rm/full', { dir: true })).rejects.toBeInstanceOf(EtcdDirectoryNotEmptyError);
      expect(await isThere('/rm/full/_hidden')).toBe(true);
      expect((await etcd.rmdir('/rm/empty')).node.dir).toBe(true);
      await etcd.delete('/rm/full', { recursive: true });
      expect(await isThere('/rm/full')).toBe(false);
      expect(await isThere('/rm/empty')).toBe(false);
    });

    it('never removes the root', async () => {
      await expect(etcd.delete('/', { recursive: true })).rejects.toBeInstanceOf(EtcdRootReadOnlyError);
    });
  });

  describe('pop', () => {
    it('gives the value of the file that it removed', async () => {
      await raw.put('/pop/file', { value: 'v' });
      expect(await etcd.pop('/pop/file')).toMatchObject({ key: '/pop/file', value: 'v' });
      expect(await isThere('/pop/file')).toBe(false);
      await expect(etcd.pop('/pop/file')).rejects.toBeInstanceOf(EtcdKeyNotFoundError);
    });

    it('gives one value to exactly one of several that ask at once', async () => {
      await raw.put('/pop/contended', { value: 'once' });
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => etcd.pop('/pop/contended')));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('removes a directory, which comes without its children', async () => {
      await raw.put('/pop/tree/a', { value: '' });
      expect(await etcd.pop('/pop/tree', { recursive: true })).toMatchObject({ dir: true, children: [] });
    });
  });
});
