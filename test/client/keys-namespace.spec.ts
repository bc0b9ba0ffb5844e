import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdInvalidKeyError, EtcdKeyNotFoundError } from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { RawStore } from './raw-store.js';
import { aTtlOf } from './ttl.js';

describe('namespace', () => {
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

  it('puts its prefix before every key, and cuts it off every key that comes back', async () => {
    const app = etcd.namespace('/app');
    expect((await app.set('/a', '1')).node.key).toBe('/a');
    expect(await raw.value('/app/a')).toBe('1');
    const replaced = await app.set('a', '2');
    expect([replaced.node.key, replaced.prevNode?.key]).toEqual(['/a', '/a']);
    expect((await app.append('/queue', 'v')).node.key).toMatch(/^\/queue\/\d{20}$/);
    expect((await app.mkdir(['d', 'e'])).node.key).toBe('/d/e');
    const { node } = await app.get('/', { recursive: true, sorted: true });
    expect(node.key).toBe('/');
    expect(Array.from(node.subtree(), ({ key }) => key).filter((key) => !key.startsWith('/queue/'))).toEqual([
      '/', '/a', '/d', '/d/e', '/queue',
    ]); // prettier-ignore
    expect((await app.pop('/a')).key).toBe('/a');
  });

  it('nests, and takes its prefix in every spelling', async () => {
    await raw.put('/outer/in%20ner/key', { value: 'v' });
    for (const inner of [
      etcd.namespace('/outer').namespace('/in ner'),
      etcd.namespace('outer/in ner'),
      etcd.namespace(['outer', 'in ner']),
      etcd.namespace('/').namespace('/outer/in ner/'),
    ])
      expect((await inner.get('/key')).node).toMatchObject({ key: '/key', value: 'v' });
    expect((await etcd.namespace('/').get('/outer')).node.key).toBe('/outer');
  });

  it('has every operation: what is read there can be written there', async () => {
    const app = etcd.namespace('/ops');
    await app.create('/k', '1');
    const updated = await app.update(await app.get('/k'), '2');
    await app.compareAndSwap('/k', '3', { prevIndex: updated.node.modifiedIndex });
    await app.modify('/k', (value) => `${value}4`);
    await app.refresh('/k', 100);
    expect((await raw.get('/ops/k')).node).toMatchObject({ value: '34', ttl: aTtlOf(100) });
    expect(await app.json('/k')).toBe(34);
    expect(await app.exists('/k')).toBe(true);
    await app.compareAndDelete('/k', { prevValue: '34' });
    await app.updateDirectory('/', { ttl: 100 });
    await app.rmdir('/');
    expect(await app.find('/')).toBeUndefined();
  });

  it('settles unique values below its prefix', async () => {
    const app = etcd.namespace('/unique');
    await app.create('/k', 'uuid', { uniqueValue: true });
    expect((await app.append('/q', 'uuid', { uniqueValue: true })).node.key).toMatch(/^\/q\//);
    expect(await raw.value('/unique/k')).toBe('uuid');
  });

  it('shows a neighbour with a longer name as what it is', async () => {
    await raw.put('/near/a', { value: '' });
    await raw.put('/nearby/a', { value: '' });
    const { node } = await etcd.namespace('/near').get('/', { recursive: true });
    expect(Array.from(node.leaves(), ({ key }) => key)).toEqual(['/a']);
  });

  it('tells of a missing ancestor of its prefix', async () => {
    const error = await etcd
      .namespace('/nowhere/below')
      .get('/k')
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EtcdKeyNotFoundError);
    expect(error).toMatchObject({ reason: '/nowhere' });
  });

  it('cannot be left', async () => {
    const app = etcd.namespace('/jail');
    for (const key of ['..', '/../x', '/a/../../x', '.', ['..', 'x'], ['a/../../x']]) {
      expect(() => app.namespace(key)).toThrow(EtcdInvalidKeyError);
      await expect(app.set(key, 'v')).rejects.toBeInstanceOf(EtcdInvalidKeyError);
    }
    await app.set('/%2e%2e/x', 'v');
    expect((await raw.get('/jail?recursive=true')).node.nodes).toMatchObject([{ key: '/jail/%2e%2e' }]);
  });
});
