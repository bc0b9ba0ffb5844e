import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdClosedError, EtcdOptionsError } from 'nestjs-etcd/client';

import { EtcdCluster } from '../support/etcd-cluster.js';
import { EtcdMember } from '../support/etcd-member.js';

describe('Checks of a cluster', () => {
  let cluster: EtcdCluster;
  let etcd: EtcdClient;
  beforeAll(async () => {
    cluster = await EtcdCluster.start(3);
    etcd = new EtcdClient({ hosts: cluster.urls });
  });
  afterAll(async () => {
    await etcd.close();
    await cluster.stop();
  });

  it('find members, leader and versions', async () => {
    const members = cluster.urls.map((endpoint) => ({ endpoint, healthy: true }));
    const machines = await etcd.checks.machines();
    expect(machines).toEqual({ healthy: true, away: [], members: expect.arrayContaining(members) });
    expect(await etcd.checks.leader()).toEqual({ healthy: true, members: expect.arrayContaining(members) });
    const { server } = await etcd.version();
    expect(await etcd.checks.version({ range: '>=3.4 <4' })).toEqual({
      healthy: true,
      servers: Object.fromEntries(cluster.urls.map((url) => [url, server])),
      cluster: expect.stringMatching(/^3\.\d+\.0$/),
      isMixed: false,
    });
    expect(await etcd.checks.version({ range: '<3' })).toMatchObject({ healthy: false });
  });

  it('name the member that is away, and then the lost leader', async () => {
    const [first, second] = await cluster.followers();
    if (first === undefined || second === undefined) throw new Error('There are too few members');
    await first.kill();
    expect(await etcd.checks.machines()).toMatchObject({ healthy: true, away: [first.url] });
    expect(await etcd.checks.machines({ maxAway: 0 })).toMatchObject({ healthy: false });
    expect(await etcd.checks.leader()).toMatchObject({ healthy: true });
    await second.kill();
    expect(await etcd.checks.machines()).toMatchObject({ healthy: false });
    const leader = await etcd.checks.leader({ timeout: 2_500 });
    expect(leader.healthy).toBe(false);
    for (const member of [first, second]) await member.restart();
    await cluster.waitHealthy();
    expect(await etcd.checks.leader()).toMatchObject({ healthy: true });
  });

  it('end at their timeout when nobody answers', async () => {
    await using member = await EtcdMember.start({ proxy: true });
    await using client = new EtcdClient({ hosts: member.url, sync: false });
    await client.version();
    member.proxy?.blackHole(true);
    for (const check of ['machines', 'leader', 'version'] as const) {
      const begin = performance.now();
      expect(await client.checks[check]({ timeout: 300 })).toMatchObject({ healthy: false });
      const took = performance.now() - begin;
      expect(took).toBeLessThan(350);
    }
  });

  it('refuse wrong options, and a client that is closed', async () => {
    const wrong: [() => Promise<unknown>, RegExp][] = [
      [() => etcd.checks.machines({ maxAway: -1 }), /`maxAway`/],
      [() => etcd.checks.version({ range: 'new' }), /`range`/],
      [() => etcd.checks.leader({ timeout: 0 }), /`timeout`/],
      [() => etcd.checks.leader({ tiemout: 1 } as never), /`tiemout`/],
    ];
    for (const [check, message] of wrong) {
      await expect(check()).rejects.toBeInstanceOf(EtcdOptionsError);
      await expect(check()).rejects.toThrow(message);
    }
    const closed = new EtcdClient({ hosts: cluster.urls });
    await closed.close();
    await expect(closed.checks.machines()).rejects.toBeInstanceOf(EtcdClosedError);
  });
});
