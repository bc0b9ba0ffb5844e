import { inspect } from 'node:util';

import { expect } from '@jest/globals';
import { EtcdClient, EtcdClosedError } from 'nestjs-etcd/client';

import { type RowTests, type World } from '../world.js';

/** The attribute stands in the list of addresses. */
const inEndpoints = ({ etcd, member }: World) => expect(etcd.endpoints).toEqual([member.url]);

const isAbsent =
  (...names: string[]) =>
  ({ etcd }: World) => {
    for (const name of names) expect(etcd).not.toHaveProperty(name);
  };

const rawJson = async ({ member }: World, path: string) =>
  JSON.parse((await member.request(path)).body) as Record<string, never>;

export const attributeRows: RowTests = {
  'Client.base_uri': inEndpoints,
  'Client.host': inEndpoints,
  'Client.port': inEndpoints,
  'Client.protocol': inEndpoints,
  'Client.read_timeout': isAbsent('timeout', 'tryTimeout', 'readTimeout'),
  'Client.allow_redirect': isAbsent('allowRedirect', 'redirect'),
  'Client.key_endpoint': async (world) => {
    await world.etcd.find('/k');
    expect(world.lines.at(-1)).toBe('GET /v2/keys/k');
  },
  'Client.version_prefix': isAbsent('versionPrefix', 'prefix'),
  'Client.expected_cluster_id': async (world) => {
    await world.etcd.get('/');
    const { headers } = await world.member.request('/v2/keys/');
    expect(world.etcd.clusterId).toBe(headers['x-etcd-cluster-id']);
    await world.with({ clusterId: 'abc' }, async (etcd) => {
      await expect(etcd.get('/')).rejects.toMatchObject({ code: 'ETCD_CLUSTER_ID_CHANGED' });
      expect(etcd.clusterId).toBe('abc');
    });
  },
  'Client.username': isAbsent('username', 'auth.username'),
  'Client.password': async (world) => {
    await world.with({ auth: { username: 'u', password: 'hunter2' } }, async (etcd) => {
      expect(inspect(etcd, { depth: Infinity, showHidden: true })).not.toContain('hunter2');
      await Promise.resolve();
    });
  },
  'Client.http': isAbsent('http', 'cluster', 'pool', 'dispatcher'),
  'Client.__del__': async ({ member }) => {
    const etcd = new EtcdClient({ hosts: member.url });
    await etcd.get('/');
    await etcd.close();
    await etcd.close();
    await expect(etcd.get('/')).rejects.toBeInstanceOf(EtcdClosedError);
  },
  'Client.machines': async ({ etcd, member }) => {
    expect(await etcd.machines()).toEqual([member.url]);
  },
  'Client.members': async (world) => {
    expect({ members: await world.etcd.members.list() }).toEqual(await rawJson(world, '/v2/members'));
    for (const method of ['add', 'update', 'remove'] as const)
      expect(typeof world.etcd.members[method]).toBe('function');
  },
  'Client.leader': async (world) => {
    expect(await world.etcd.leader()).toEqual(await rawJson(world, '/v2/members/leader'));
    expect(world.lines.at(-1)).toBe('GET /v2/members/leader');
  },
  'Client.stats': async (world) => {
    expect((await world.etcd.stats.self()).id).toBe((await rawJson(world, '/v2/stats/self'))['id']);
  },
  'Client.leader_stats': async (world) => {
    expect(await world.etcd.stats.leader()).toEqual(await rawJson(world, '/v2/stats/leader'));
  },
  'Client.store_stats': async (world) => {
    const [mine, theirs] = [await world.etcd.stats.store(), await rawJson(world, '/v2/stats/store')];
    expect(Object.keys(mine)).toEqual(Object.keys(theirs));
    expect(mine.setsSuccess).toBe(theirs['setsSuccess']);
  },
  'Client.version': async (world) => {
    const before = world.lines.length;
    const versions = [await world.etcd.version(), await world.etcd.version()];
    expect(versions[1]?.server).toBe((await rawJson(world, '/version'))['etcdserver']);
    expect(world.lines.slice(before)).toEqual(['GET /version', 'GET /version']);
  },
  'Client.cluster_version': async (world) => {
    expect((await world.etcd.version()).cluster).toBe((await rawJson(world, '/version'))['etcdcluster']);
  },
};
