import { describe, expect, it } from '@jest/globals';

import { EtcdResponseError } from '../errors/index.js';
import { EtcdNode } from './node.js';

const keysOf = (nodes: Iterable<EtcdNode>) => Array.from(nodes, ({ key }) => key);

describe('EtcdNode', () => {
  const expiration = '2026-01-02T03:04:05.678Z';

  it.each([
    ['has no TTL without an expiration', {}, undefined],
    ['has the seconds that etcd sends', { expiration, ttl: 5 }, 5],
    ['has 0 where etcd leaves the field out beside an expiration', { expiration }, 0],
    ['is below 0 for what has expired and is still there', { expiration, ttl: -3 }, -3],
  ])('%s', (_, raw, ttl) => {
    expect(new EtcdNode({ key: '/k', value: '', ...raw }, '').ttl).toBe(ttl);
  });

  const tree = {
    key: '/t',
    dir: true,
    nodes: [
      { key: '/t/b', value: '1' },
      { key: '/t/a', dir: true, nodes: [{ key: '/t/a/x', value: '2' }] },
      { key: '/t/empty', dir: true },
    ],
  };

  it('walks its tree in the order of the answer, each directory before its children', () => {
    const node = new EtcdNode(tree, '');
    expect(keysOf(node.subtree())).toEqual(['/t', '/t/b', '/t/a', '/t/a/x', '/t/empty']);
    expect(keysOf(node.leaves())).toEqual(['/t/b', '/t/a/x']);
    expect(keysOf(node.children)).toEqual(['/t/b', '/t/a', '/t/empty']);
  });

  it('has no leaves and no children as an empty directory, and is its own leaf as a file', () => {
    const empty = new EtcdNode({ key: '/e', dir: true }, '');
    expect([keysOf(empty.leaves()), keysOf(empty.children), keysOf(empty.subtree())]).toEqual([
      [],
      [],
      ['/e'],
    ]);
    const file = new EtcdNode({ key: '/f', value: '' }, '');
    expect([keysOf(file.leaves()), keysOf(file.children)]).toEqual([['/f'], []]);
  });

  it('cuts a prefix off its key and those of its children, at a boundary of segments', () => {
    expect(keysOf(new EtcdNode(tree, '/t').subtree())).toEqual(['/', '/b', '/a', '/a/x', '/empty']);
    expect(new EtcdNode({ key: '/tower' }, '/t').key).toBe('/tower');
    expect(new EtcdNode({ dir: true }, '').key).toBe('/');
    // A removed ancestor is above the namespace, and is shown as what it is.
    expect(new EtcdNode({ key: '/a', dir: true }, '/a/b').key).toBe('/a');
  });

  it('walks a tree as deep as etcd can name without running out of stack, and refuses a deeper one', () => {
    const nest = (levels: number) => {
      let raw: Record<string, unknown> = { key: '/leaf', value: '' };
      for (let i = 0; i < levels; i++) raw = { key: '/d', dir: true, nodes: [raw] };
      return raw;
    };
    expect([...new EtcdNode(nest(2_000), '').subtree()]).toHaveLength(2_001);
    expect(() => new EtcdNode(nest(3_000), '')).toThrow(EtcdResponseError);
  });

  it.each([
    { value: 5 },
    { value: null },
    { dir: 'true' },
    { ttl: 1.5 },
    { ttl: '5' },
    { expiration: 5 },
    { key: 7 },
    { modifiedIndex: -1 },
    { createdIndex: 2 ** 60 },
    { nodes: {} },
    { nodes: [null] },
    { nodes: [{ key: '/x', value: [] }] },
  ])('refuses %j, which etcd does not send', (raw) => {
    expect(() => new EtcdNode({ key: '/k', ...raw }, '')).toThrow(EtcdResponseError);
  });
});
