import { expect } from '@jest/globals';

import { type RowTests, type World } from '../world.js';

/** A directory with a file, an empty directory, and a file one level below. */
async function tree({ etcd }: World, key: string) {
  await etcd.set(`${key}/a`, '1');
  await etcd.set(`${key}/d/b`, '2');
  await etcd.mkdir(`${key}/e`);
  return (await etcd.get(key, { recursive: true, sorted: true })).node;
}

const namesOf = (key: string, nodes: Iterable<{ key: string }>) =>
  Array.from(nodes, (node) => node.key.slice(key.length));

export const resultRows: RowTests = {
  'EtcdResult.action': async (world) => {
    expect((await world.etcd.create(world.key(), 'v')).action).toBe('create');
  },
  'EtcdResult.key': async (world) => {
    const key = world.key();
    expect((await world.etcd.set(key, 'v')).node.key).toBe(key);
    expect((await world.etcd.get('/')).node.key).toBe('/');
  },
  'EtcdResult.value': async (world) => {
    expect((await world.etcd.set(world.key(), '')).node.value).toBe('');
    expect((await world.etcd.mkdir(world.key())).node.value).toBeUndefined();
  },
  'EtcdResult.expiration': async (world) => {
    const { node } = await world.etcd.set(world.key(), '', { ttl: 100 });
    expect(node.expiration).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  },
  'EtcdResult.ttl': async (world) => {
    expect((await world.etcd.set(world.key(), '', { ttl: 100 })).node.ttl).toBe(100);
    expect((await world.etcd.set(world.key(), '', { ttl: 0 })).node.ttl).toBeLessThanOrEqual(0);
    expect((await world.etcd.set(world.key(), '')).node.ttl).toBeUndefined();
  },
  'EtcdResult.modifiedIndex': async (world) => {
    const { node, etcdIndex } = await world.etcd.set(world.key(), '');
    expect(node.modifiedIndex).toBe(etcdIndex);
  },
  'EtcdResult.createdIndex': async (world) => {
    const key = world.key();
    const { etcdIndex } = await world.etcd.set(key, '');
    expect((await world.etcd.update(key, 'v')).node.createdIndex).toBe(etcdIndex);
  },
  'EtcdResult.newKey': async (world) => {
    const key = world.key();
    expect([(await world.etcd.set(key, '')).created, (await world.etcd.set(key, '')).created]).toEqual([
      true,
      false,
    ]);
  },
  'EtcdResult.dir': async (world) => {
    expect((await world.etcd.mkdir(world.key())).node.dir).toBe(true);
    expect((await world.etcd.set(world.key(), '')).node.dir).toBe(false);
  },
  'EtcdResult._children': async (world) => {
    const key = world.key();
    expect(namesOf(key, (await tree(world, key)).children)).toEqual(['/a', '/d', '/e']);
  },
  'EtcdResult._prev_node': async (world) => {
    const key = world.key();
    expect(await world.etcd.set(key, 'a')).toHaveProperty('prevNode', undefined);
    expect((await world.etcd.set(key, 'b')).prevNode?.value).toBe('a');
  },
  'EtcdResult.etcd_index': async (world) => {
    const { etcdIndex } = await world.etcd.set(world.key(), '');
    expect((await world.etcd.get('/')).etcdIndex).toBeGreaterThanOrEqual(etcdIndex);
  },
  'EtcdResult.raft_index': async (world) => {
    const { raftIndex, raftTerm, clusterId, etcdIndex } = await world.etcd.set(world.key(), '');
    expect(raftIndex).toBeGreaterThan(etcdIndex);
    expect(raftTerm).toBeGreaterThanOrEqual(2);
    expect(clusterId).toBe(world.etcd.clusterId);
  },
  'EtcdResult.get_subtree': async (world) => {
    const key = world.key();
    const node = await tree(world, key);
    expect(namesOf(key, node.subtree())).toEqual(['', '/a', '/d', '/d/b', '/e']);
    expect(namesOf(key, node.leaves())).toEqual(['/a', '/d/b']);
  },
  'EtcdResult.leaves': async (world) => {
    const key = world.key();
    const node = await tree(world, key);
    expect(namesOf(key, node.leaves())).toEqual(['/a', '/d/b']);
    expect([...(await world.etcd.mkdir(world.key())).node.leaves()]).toEqual([]);
  },
  'EtcdResult.children': async (world) => {
    const key = world.key();
    const node = await tree(world, key);
    expect(namesOf(key, node.leaves())).toEqual(['/a', '/d/b']);
    expect(namesOf(key, node.children)).toEqual(['/a', '/d', '/e']);
  },
  'EtcdResult.parse_headers': async (world) => {
    expect(Object.keys(await world.etcd.get('/'))).toEqual(
      expect.arrayContaining(['etcdIndex', 'raftIndex', 'raftTerm', 'clusterId']),
    );
  },
  'EtcdResult.__eq__': async (world) => {
    const key = world.key();
    const { node } = await world.etcd.set(key, 'v');
    expect(node).not.toHaveProperty('equals');
    expect((await world.etcd.get(key)).node.modifiedIndex).toBe(node.modifiedIndex);
  },
};
