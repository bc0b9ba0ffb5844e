import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdKeyNotFoundError, EtcdNotDirectoryError } from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { RawStore } from './raw-store.js';

describe('Reading keys', () => {
  let member: EtcdMember;
  let raw: RawStore;
  let etcd: EtcdClient;
  beforeAll(async () => {
    member = await EtcdMember.start({ proxy: true });
    raw = new RawStore(member);
    etcd = new EtcdClient({ hosts: member.url, tryTimeout: 5_000 });
  });
  afterAll(async () => {
    await etcd.close();
    await member.stop();
  });

  /** The first line of the last request that reached the member. */
  const lastLine = () => member.proxy?.requests.at(-1)?.line;

  it('gives a file with everything that etcd tells', async () => {
    const { node, index } = await raw.put('/file', { value: 'text' });
    const result = await etcd.get('/file');
    expect(result).toMatchObject({
      action: 'get',
      created: false,
      etcdIndex: index,
      clusterId: etcd.clusterId,
      prevNode: undefined,
    });
    expect(result.raftIndex).toBeGreaterThan(index);
    expect(result.raftTerm).toBeGreaterThanOrEqual(2);
    expect({ ...result.node }).toEqual({
      key: '/file',
      value: 'text',
      dir: false,
      ttl: undefined,
      expiration: undefined,
      modifiedIndex: node.modifiedIndex,
      createdIndex: node.createdIndex,
      children: [],
    });
    expect(lastLine()).toBe('GET /v2/keys/file HTTP/1.1');
  });

  it('tells an empty value from the missing value of a directory', async () => {
    await raw.put('/empty', { value: '' });
    await raw.put('/directory', { dir: 'true' });
    expect((await etcd.get('/empty')).node).toMatchObject({ value: '', dir: false });
    expect((await etcd.get('/directory')).node).toMatchObject({ value: undefined, dir: true, children: [] });
  });

  it('reads the root, which has neither key nor indexes', async () => {
    expect((await etcd.get('/')).node).toMatchObject({
      key: '/',
      dir: true,
      modifiedIndex: 0,
      createdIndex: 0,
    });
    expect(lastLine()).toBe('GET /v2/keys/ HTTP/1.1');
  });

  it('lists one level, or with `recursive` the whole tree', async () => {
    for (const key of ['/tree/a', '/tree/d/b', '/tree/d/e/c']) await raw.put(key, { value: key });
    await raw.put('/tree/empty', { dir: 'true' });
    const flat = await etcd.get('/tree', { sorted: true });
    expect(flat.node.children.map(({ key }) => key)).toEqual(['/tree/a', '/tree/d', '/tree/empty']);
    expect(flat.node.children[1]?.children).toEqual([]);

    const { node } = await etcd.get('/tree', { recursive: true, sorted: true });
    const keys = (nodes: Iterable<{ key: string }>) => Array.from(nodes, ({ key }) => key);
    expect(keys(node.subtree())).toEqual([
      '/tree', '/tree/a', '/tree/d', '/tree/d/b', '/tree/d/e', '/tree/d/e/c', '/tree/empty',
    ]); // prettier-ignore
    expect(keys(node.leaves())).toEqual(['/tree/a', '/tree/d/b', '/tree/d/e/c']);
    expect(keys((await etcd.get('/tree/empty')).node.leaves())).toEqual([]);
    expect(keys((await etcd.get('/tree/a')).node.leaves())).toEqual(['/tree/a']);
    expect(keys((await etcd.get('/tree/empty')).node.subtree())).toEqual(['/tree/empty']);
  });

  it('sorts by the bytes of the keys, and not as JavaScript does', async () => {
    const byBytes = ['A', 'Z', 'a', 'z', 'é', '\uFFFD', '😀'];
    for (const name of byBytes.toReversed())
      await raw.put(`/sorted/${encodeURIComponent(name)}`, { value: '' });
    const names = async (sorted: boolean) => {
      const { node } = await etcd.get('/sorted', { sorted });
      return node.children.map(({ key }) => key.slice('/sorted/'.length));
    };
    for (let i = 0; i < 5; i++) expect(await names(true)).toEqual(byBytes);
    // The controls: UTF-16 order differs, and without the option etcd mixes them.
    expect(byBytes.toSorted()).not.toEqual(byBytes);
    await waitFor(async () => String(await names(false)) !== String(byBytes), { what: 'another order' });
  });

  it('reads through raft with `quorum`, by call or for the whole client', async () => {
    await raw.put('/quorum', { value: '1' });
    const before = (await etcd.get('/quorum')).raftIndex;
    expect((await etcd.get('/quorum')).raftIndex).toBe(before);
    expect((await etcd.get('/quorum', { quorum: true })).raftIndex).toBeGreaterThan(before);
    expect(lastLine()).toBe('GET /v2/keys/quorum?quorum=true HTTP/1.1');

    await using always = new EtcdClient({ hosts: member.url, quorum: true });
    await always.find('/quorum');
    expect(lastLine()).toBe('GET /v2/keys/quorum?quorum=true HTTP/1.1');
    await always.get('/quorum', { quorum: false });
    expect(lastLine()).toBe('GET /v2/keys/quorum HTTP/1.1');
  });

  it('leaves hidden keys out of listings and reads them by their own path', async () => {
    await raw.put('/hiding/_secret/below', { value: 'x' });
    await raw.put('/hiding/seen', { value: 'y' });
    const { node } = await etcd.get('/hiding', { recursive: true });
    expect(Array.from(node.leaves(), ({ key }) => key)).toEqual(['/hiding/seen']);
    expect((await etcd.get('/hiding/_secret')).node.children).toMatchObject([
      { key: '/hiding/_secret/below', value: 'x' },
    ]);
  });

  it('names the first missing part of a path', async () => {
    const { index } = await raw.get('/');
    const error = await etcd.get('/nope/deeper').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EtcdKeyNotFoundError);
    expect(error).toMatchObject({
      errorCode: 100,
      status: 404,
      reason: '/nope',
      index,
      endpoint: member.url,
    });
  });

  it('finds `undefined` where there is no key, and passes every other failure on', async () => {
    await raw.put('/present', { value: '1' });
    expect(await etcd.find('/absent')).toBeUndefined();
    expect((await etcd.find('/present'))?.node.value).toBe('1');
    await expect(etcd.find('/present/below')).rejects.toBeInstanceOf(EtcdNotDirectoryError);
  });

  it('knows whether a file, a directory or the root exists', async () => {
    await raw.put('/there/file', { value: '' });
    expect(await etcd.exists('/there/file')).toBe(true);
    expect(await etcd.exists('/there', { quorum: true })).toBe(true);
    expect(await etcd.exists('/')).toBe(true);
    expect(await etcd.exists('/there/not')).toBe(false);
  });
});
