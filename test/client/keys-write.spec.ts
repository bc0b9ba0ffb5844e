import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EtcdClient,
  EtcdKeyExistsError,
  EtcdKeyNotFoundError,
  EtcdNotDirectoryError,
  EtcdNotFileError,
  EtcdRootReadOnlyError,
} from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { RawStore } from './raw-store.js';

describe('Writing keys', () => {
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

  describe('set', () => {
    it('creates a key, with its parents, and tells so', async () => {
      const result = await etcd.set('/set/new', 'v');
      expect(result).toMatchObject({
        action: 'set',
        created: true,
        prevNode: undefined,
        node: { key: '/set/new', value: 'v', dir: false },
      });
      expect(result.node.modifiedIndex).toBe(result.etcdIndex);
      expect((await raw.get('/set')).node).toMatchObject({ dir: true, createdIndex: result.etcdIndex });
    });

    it('replaces a key: another createdIndex, no TTL, and the node that was', async () => {
      await raw.put('/set/old', { value: 'before', ttl: '100' });
      const result = await etcd.set('/set/old', 'after');
      expect(result).toMatchObject({ created: false, prevNode: { value: 'before', dir: false } });
      expect(result.prevNode?.ttl).toBeGreaterThan(90);
      expect(result.node.createdIndex).toBe(result.node.modifiedIndex);
      expect((await raw.get('/set/old')).node).toEqual({
        key: '/set/old',
        value: 'after',
        modifiedIndex: result.etcdIndex,
        createdIndex: result.etcdIndex,
      });
    });

    it.each([
      '',
      ' ',
      'a b+c&d=e%41;f#?',
      'é😀\u2028',
      '\0\b\f\n\r\t',
      '{"__proto__":1}',
      'x'.repeat(300_000),
    ])('stores %j as it is', async (value) => {
      const { node } = await etcd.set('/set/text', value);
      expect(node.value).toBe(value);
      expect(await raw.value('/set/text')).toBe(value);
    });

    it('rejects for a directory, a path through a file, and the root', async () => {
      await raw.put('/set/dir', { dir: 'true' });
      await raw.put('/set/file', { value: '' });
      await expect(etcd.set('/set/dir', 'v')).rejects.toMatchObject({ errorCode: 102, reason: '/set/dir' });
      await expect(etcd.set('/set/dir', 'v')).rejects.toBeInstanceOf(EtcdNotFileError);
      await expect(etcd.set('/set/file/below', 'v')).rejects.toBeInstanceOf(EtcdNotDirectoryError);
      await expect(etcd.set('/', 'v')).rejects.toBeInstanceOf(EtcdRootReadOnlyError);
    });
  });

  describe('create', () => {
    it('creates a key once', async () => {
      expect(await etcd.create('/create/key', 'first')).toMatchObject({ action: 'create', created: true });
      const error = await etcd.create('/create/key', 'second').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(EtcdKeyExistsError);
      expect(error).toMatchObject({
        errorCode: 105,
        status: 412,
        reason: '/create/key',
        mayHaveBeenApplied: false,
      });
      expect(await raw.value('/create/key')).toBe('first');
    });

    it('takes a unique value as any other when the answer comes', async () => {
      expect(await etcd.create('/create/mine', 'uuid-1', { uniqueValue: true })).toMatchObject({
        created: true,
      });
      await expect(etcd.create('/create/mine', 'uuid-2', { uniqueValue: true })).rejects.toBeInstanceOf(
        EtcdKeyExistsError,
      );
    });
  });

  describe('update', () => {
    it('changes a key that exists and keeps its createdIndex', async () => {
      const { node: old } = await raw.put('/update/key', { value: 'a' });
      const { node, prevNode, action, created } = await etcd.update('/update/key', 'b');
      expect({ action, created }).toEqual({ action: 'update', created: false });
      expect(node.createdIndex).toBe(old.createdIndex);
      expect(prevNode?.value).toBe('a');
      expect(await raw.value('/update/key')).toBe('b');
    });

    it('rejects for a key that does not exist, and makes none', async () => {
      await expect(etcd.update('/update/none', 'v')).rejects.toBeInstanceOf(EtcdKeyNotFoundError);
      expect((await raw.get('/update/none')).status).toBe(404);
    });
  });

  describe('append', () => {
    it('makes keys whose order is the order of creation', async () => {
      const results = [];
      for (const value of ['a', 'b', 'c']) results.push(await etcd.append('/queue', value));
      expect(results[0]).toMatchObject({ action: 'create', created: true });
      expect(results[0]?.node.key).toBe(`/queue/${String(results[0]?.etcdIndex).padStart(20, '0')}`);
      const { node } = await etcd.get('/queue', { sorted: true });
      expect(node.children.map(({ value }) => value)).toEqual(['a', 'b', 'c']);
      expect(node.children.map(({ key }) => key)).toEqual(results.map((result) => result.node.key));
    });

    it('appends to the root, and not to a file', async () => {
      const { node } = await etcd.append('/', 'v');
      expect(node.key).toMatch(/^\/\d{20}$/);
      await raw.put('/no-queue', { value: '' });
      await expect(etcd.append('/no-queue', 'v')).rejects.toBeInstanceOf(EtcdNotDirectoryError);
    });
  });

  describe('noValueOnSuccess', () => {
    it('leaves the nodes out of the answer of every write that has them, and writes all the same', async () => {
      const options = { noValueOnSuccess: true } as const;
      const { node } = await etcd.set('/quiet/updated-from', '0');
      const acknowledgements = [
        await etcd.set('/quiet/set', '1', options),
        await etcd.create('/quiet/created', '2', options),
        await etcd.update('/quiet/set', '3', options),
        await etcd.update(node, '4', options),
        await etcd.compareAndSwap('/quiet/created', '5', { prevValue: '2', ...options }),
        await etcd.append('/quiet/queue', '6', options),
      ];
      expect(acknowledgements.map(({ action, created }) => `${action} ${created}`)).toEqual([
        'set true', 'create true', 'update false', 'compareAndSwap false', 'compareAndSwap false', 'create true',
      ]); // prettier-ignore
      for (const acknowledgement of acknowledgements) {
        expect(acknowledgement).not.toHaveProperty('node');
        expect(acknowledgement.etcdIndex).toBeGreaterThan(3);
        expect(acknowledgement.clusterId).toBe(etcd.clusterId);
      }
      expect(await raw.value('/quiet/set')).toBe('3');
      expect(await raw.value('/quiet/updated-from')).toBe('4');
      expect(await raw.value('/quiet/created')).toBe('5');
      expect((await raw.get('/quiet/queue')).node.nodes).toMatchObject([{ value: '6' }]);
    });
  });
});
