import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type EtcdCache,
  type EtcdCacheChange,
  type EtcdClient,
  EtcdInvalidKeyError,
} from 'nestjs-etcd/client';

import { Lines } from '../cluster/lines.js';
import { waitFor } from '../support/wait-for.js';
import { WatchedMember } from './watched-member.js';

const brief = ({ type, key }: EtcdCacheChange) => `${type} ${key}`;
const valuesOf = (cache: EtcdCache) =>
  Array.from(cache, ([key, { value }]) => `${key.slice(cache.key.length)}=${value}`);

describe('A cache', () => {
  let etcd: WatchedMember;
  let writer: EtcdClient;
  let key: string;
  let changes: EtcdCacheChange[];
  beforeAll(async () => {
    etcd = await WatchedMember.start();
    writer = etcd.writer;
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  /** A cache of some files, all with the value `1`, that notes what changes later. */
  async function filled(...files: string[]): Promise<EtcdCache> {
    key = etcd.key();
    changes = [];
    for (const file of files) await writer.set(`${key}${file}`, '1');
    const cache = etcd.client().cache(key);
    await cache.ready;
    cache.on('change', (change) => changes.push(change));
    return cache;
  }
  const reaches = (cache: EtcdCache, index: number) =>
    waitFor(() => cache.index >= index, { what: `the index ${index} of a cache at ${cache.index}` });
  const told = () => changes.map(brief).map((change) => change.replace(key, ''));

  it('holds the files below its key when it is ready: no directories, and nothing hidden', async () => {
    const cache = await filled('/a', '/dir/b', '/dir/er/c', '/_hidden', '/dir/_hidden/x');
    await writer.mkdir(`${key}/empty`);
    expect(cache.key).toBe(key);
    expect(valuesOf(cache)).toEqual(['/a=1', '/dir/b=1', '/dir/er/c=1']);
    expect(cache.size).toBe(3);
    expect([cache.has(`${key}/a`), cache.has(`${key}/dir`), cache.has(`${key}/none`)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(cache.get([key.slice(1), 'dir', 'b'])).toMatchObject({ key: `${key}/dir/b`, value: '1' });
    expect(cache.get(`${key}/_hidden`)).toBeUndefined();
    expect(() => cache.get('')).toThrow(EtcdInvalidKeyError);
    expect([...cache.keys()]).toEqual([...cache].map(([name]) => name));
    expect([...cache.values()]).toEqual([...cache.entries()].map(([, node]) => node));
  });

  it('is ordered as a sorted listing of etcd is, whatever the order in which files came', async () => {
    const names = ['A', 'Z', 'a', 'a!', 'a/b', 'z', 'é', '\uFFFD', '😀', '10', '9', 'ab'];
    const cache = await filled(...names.slice(6).map((name) => `/${name}`));
    let last = 0;
    for (const name of names.filter((name) => name !== 'a').slice(0, 6))
      last = (await writer.set(`${key}/${name}`, '1')).etcdIndex;
    await reaches(cache, last);
    const { node } = await writer.get(key, { recursive: true, sorted: true });
    expect([...cache.keys()]).toEqual(Array.from(node.leaves(), (leaf) => leaf.key));
    expect([...cache.keys()]).not.toEqual([...cache.keys()].toSorted());
    expect(cache.size).toBe(names.length - 1);
  });

  it('follows every kind of change, and tells what it held before', async () => {
    const cache = await filled('/a');
    await writer.create(`${key}/b`, '1');
    await writer.update(`${key}/a`, '2');
    await writer.compareAndSwap(`${key}/a`, '3', { prevValue: '2' });
    await writer.set(`${key}/new/dir/c`, '1');
    await writer.mkdir(`${key}/empty`);
    await writer.delete(`${key}/b`);
    const last = await writer.compareAndDelete(`${key}/a`, { prevValue: '3' });
    await reaches(cache, last.etcdIndex);
    expect(told()).toEqual([
      'added /b',
      'changed /a',
      'changed /a',
      'added /new/dir/c',
      'removed /b',
      'removed /a',
    ]);
    expect(changes[2]).toMatchObject({ node: { value: '3' }, prevNode: { value: '2' } });
    expect(changes[0]?.prevNode).toBeUndefined();
    expect(changes[5]).toMatchObject({ node: undefined, prevNode: { value: '3' } });
    expect(valuesOf(cache)).toEqual(['/new/dir/c=1']);
  });

  it('lets go of all that was in a directory that is removed, as one', async () => {
    const cache = await filled('/d/a', '/d/e/b', '/dx', '/other');
    const together: string[][] = [];
    cache.on('changes', (all) => together.push(all.map(brief).map((change) => change.replace(key, ''))));
    const { etcdIndex } = await writer.delete(`${key}/d`, { recursive: true });
    await reaches(cache, etcdIndex);
    expect(together).toEqual([['removed /d/a', 'removed /d/e/b']]);
    expect(told()).toEqual(together[0]);
    expect(valuesOf(cache)).toEqual(['/dx=1', '/other=1']);
  });

  it('holds all changes of an event before it tells the first of them', async () => {
    const cache = await filled('/d/a', '/d/b');
    const sizes: number[] = [];
    cache.on('change', () => sizes.push(cache.size));
    const { etcdIndex } = await writer.delete(key, { recursive: true });
    await reaches(cache, etcdIndex);
    expect(sizes).toEqual([0, 0]);
  });

  it.each([
    ['is removed', ''],
    ['is removed with a directory above it', '/above'],
  ])('is empty when its key %s, and fills again', async (_, below) => {
    const top = etcd.key();
    await writer.set(`${top}${below}/a/b`, '1');
    const cache = etcd.client().cache(`${top}${below}`);
    await cache.ready;
    expect(cache.size).toBe(1);
    await writer.delete(top, { recursive: true });
    const { etcdIndex } = await writer.set(`${top}${below}/c`, '2');
    await reaches(cache, etcdIndex);
    expect(valuesOf(cache)).toEqual(['/c=2']);
  });

  it('forgets what expires, a directory with all that is in it too', async () => {
    const cache = await filled('/stays');
    await writer.set(`${key}/short`, 'v', { ttl: 3 });
    await writer.mkdir(`${key}/dir`, { ttl: 3 });
    const { etcdIndex } = await writer.set(`${key}/dir/a`, 'v');
    await reaches(cache, etcdIndex);
    expect(cache.size).toBe(3);
    await waitFor(() => cache.size === 1, { what: 'the expiry' });
    expect(told().toSorted()).toEqual(['added /dir/a', 'added /short', 'removed /dir/a', 'removed /short']);
  });

  it('follows when a file makes way for a directory, and a directory for a file', async () => {
    const cache = await filled('/x', '/y/z');
    await writer.mkdir(`${key}/x`, { replaceFile: true });
    const { etcdIndex } = await writer.set(`${key}/x/in`, '2');
    await reaches(cache, etcdIndex);
    expect(valuesOf(cache)).toEqual(['/x/in=2', '/y/z=1']);
    await writer.delete(`${key}/y`, { recursive: true });
    const last = await writer.set(`${key}/y`, '3');
    await reaches(cache, last.etcdIndex);
    expect(valuesOf(cache)).toEqual(['/x/in=2', '/y=3']);
    expect(told()).toEqual(['removed /x', 'added /x/in', 'removed /y/z', 'added /y']);
  });

  it('of a single file holds that', async () => {
    const top = etcd.key();
    await writer.set(top, '1');
    const cache = etcd.client().cache(top);
    await cache.ready;
    expect(valuesOf(cache)).toEqual(['=1']);
    await reaches(cache, (await writer.delete(top)).etcdIndex);
    expect(cache.size).toBe(0);
    await reaches(cache, (await writer.set(`${top}/dir/now`, '2')).etcdIndex);
    expect(valuesOf(cache)).toEqual(['/dir/now=2']);
  });

  it('of a namespace has its keys cut, and takes cut ones', async () => {
    const top = etcd.key();
    await writer.set(`${top}/a/b`, '1');
    const cache = etcd.client().namespace(top).cache('/');
    await cache.ready;
    expect([cache.key, ...cache.keys()]).toEqual(['/', '/a/b']);
    expect(cache.get('a/b')?.value).toBe('1');
    await reaches(cache, (await writer.delete(top, { recursive: true })).etcdIndex);
    expect(cache.size).toBe(0);
  });

  it('tells the files that it begins with to who listens from the start', async () => {
    const top = etcd.key();
    for (const name of ['b', 'a']) await writer.set(`${top}/${name}`, '1');
    const cache = etcd.client().cache(top);
    const [each, together]: [string[], number[]] = [[], []];
    cache.on('change', (change) => each.push(brief(change)));
    cache.on('changes', (all) => together.push(all.length));
    await cache.ready;
    await waitFor(() => each.length >= 2, { what: 'two changes' });
    expect(each.toSorted()).toEqual([`added ${top}/a`, `added ${top}/b`]);
    expect(together).toEqual([2]);
  });

  it('tells a listener nothing when it is taken back, and the others when one fails', async () => {
    key = etcd.key();
    const logger = new Lines();
    const cache = etcd.client({ logger }).cache(key);
    await cache.ready;
    const [gone, kept]: [string[], string[]] = [[], []];
    const listener = (change: EtcdCacheChange) => gone.push(brief(change));
    cache.on('change', listener).on('change', () => {
      throw new Error('a bug');
    });
    cache.on('change', (change) => kept.push(brief(change)));
    await reaches(cache, (await writer.set(`${key}/a`, '1')).etcdIndex);
    cache.off('change', listener);
    await reaches(cache, (await writer.set(`${key}/b`, '1')).etcdIndex);
    expect([gone, kept]).toEqual([[`added ${key}/a`], [`added ${key}/a`, `added ${key}/b`]]);
    expect(logger.all).toEqual(
      Array(2).fill(`error The cache of ${key} has a listener for \`change\` that failed: a bug`),
    );
  });
});
