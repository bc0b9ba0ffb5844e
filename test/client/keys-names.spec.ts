import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { RawStore } from './raw-store.js';

/** Names that a careless client sends somewhere else, cuts off or changes. */
const names = [
  ' ', 'a b', 'a+b', 'a%2Fb', '%41', '%', '%zz', 'a?dir=true', 'a#b', 'a&b=c', 'a;b', 'a=b', '"', "'", '\\', '<>',
  '\0', '\n', '\u007f', '\u2028', 'é', 'e\u0301', '日本', '😀', '\uFFFD', '\uFEFF', '...', '.x', 'x.', '_hidden',
  '__proto__', 'constructor', 'toString', 'null', '0', '-1', '~', '*', ':', '@', '[', '|', '`', '{}',
]; // prettier-ignore

/** Percent-encodes every byte, so that nothing is left for two encoders to agree on by mistake. */
const encode = (name: string) =>
  Array.from(Buffer.from(name), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

describe('Names of keys', () => {
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

  it.each(names)('stores %j where it was asked to, and nowhere else', async (name) => {
    const key = `/names/${name}`;
    const path = `/names/${encode(name)}`;
    expect((await etcd.set(key, 'by set')).node.key).toBe(key);
    expect(await raw.value(path)).toBe('by set');
    expect((await etcd.get(['names', name])).node).toMatchObject({ key, value: 'by set' });
    await etcd.compareAndDelete(key, { prevValue: 'by set' });
    expect((await raw.get(path)).status).toBe(404);
    expect((await raw.get('/names')).node).not.toHaveProperty('nodes');

    const below = await etcd.append(key, 'below');
    expect(below.node.key.startsWith(`${key}/`)).toBe(true);
    expect((await etcd.get(key)).node.children[0]?.key).toBe(below.node.key);
    expect((await raw.get(path)).node.nodes).toMatchObject([{ value: 'below' }]);
    await etcd.delete(key, { recursive: true });
  });

  it('takes a key with and without its first slash, with a last one, and as segments', async () => {
    await raw.put('/spelling/key', { value: 'v' });
    for (const key of [
      '/spelling/key',
      'spelling/key',
      '/spelling/key/',
      'spelling/key/',
      ['spelling', 'key'],
    ])
      expect((await etcd.get(key)).node).toMatchObject({ key: '/spelling/key', value: 'v' });
    expect((await etcd.get([])).node.key).toBe('/');
  });

  it('stores a key of the greatest length that it accepts, and a deep one', async () => {
    const longest = `/${'k'.repeat(4_000 - 'PUT /v2/keys/ HTTP/1.1'.length - 100)}`;
    await etcd.set(longest, 'v');
    expect(await raw.value(longest)).toBe('v');
    const deep = '/d'.repeat(500);
    await etcd.set(deep, 'v');
    const { node } = await etcd.get('/d', { recursive: true });
    expect(Array.from(node.leaves(), ({ key }) => key)).toEqual([deep]);
  });

  it('writes the keys of etcd’s own bookkeeping where that is harmless', async () => {
    await using other = await EtcdMember.start();
    await using client = new EtcdClient({ hosts: other.url, ...patient });
    const key = '/app/0/members/abc/attributes';
    await client.create(key, '1');
    await client.update(key, '2');
    await client.compareAndSwap(key, '3', { prevValue: '2' });
    await expect(client.set(key, '4')).rejects.toMatchObject({ code: 'ETCD_INVALID_KEY' });
    expect(await new RawStore(other).value(key)).toBe('3');
    await other.restart();
    expect((await client.get(key)).node.value).toBe('3');
  });
});
