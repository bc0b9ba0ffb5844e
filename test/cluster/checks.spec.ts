import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdClosedError, EtcdOptionsError } from 'nestjs-etcd/client';

import { EtcdCluster } from '../support/etcd-cluster.js';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';

describe('Checks of a cluster', () => {
  let cluster: EtcdCluster;
  let etcd: EtcdClient;
  beforeAll(async () => {
    cluster = await EtcdCluster.start(3);
    etcd = new EtcdClient({ hosts: cluster.urls, ...patient });
  });
  afterAll(async () => {
    await etcd.close();
    await cluster.stop();
  });

  /** Checks until the outcome is so: a member that stands still for a moment counts as away. */
  const comes = (check: () => Promise<unknown>, outcome: object) =>
    waitFor(async () => {
      expect(await check()).toEqual(outcome);
      return true;
    });

  it('find members, leader and versions', async () => {
    const members = cluster.urls.map((endpoint) => ({ endpoint, healthy: true }));
    const healthy = { healthy: true, members: expect.arrayContaining(members) };
    await comes(() => etcd.checks.machines(), { ...healthy, away: [] });
    await comes(() => etcd.checks.leader(), healthy);
    const { server } = await etcd.version();
    await comes(() => etcd.checks.version({ range: '>=3.4 <4' }), {
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
    const isHealthy = expect.objectContaining({ healthy: true });
    await comes(() => etcd.checks.machines(), expect.objectContaining({ healthy: true, away: [first.url] }));
    expect(await etcd.checks.machines({ maxAway: 0 })).toMatchObject({ healthy: false });
    await comes(() => etcd.checks.leader(), isHealthy);
    await second.kill();
    expect(await etcd.checks.machines()).toMatchObject({ healthy: false });
    const leader = await etcd.checks.leader({ timeout: 2_500 });
    expect(leader.healthy).toBe(false);
    for (const member of [first, second]) await member.restart();
    await cluster.waitHealthy();
    await comes(() => etcd.checks.leader(), isHealthy);
  });

  it('end at their timeout when nobody answers', async () => {
    await using member = await EtcdMember.start({ proxy: true });
    const late = { timeout: 30_000, tryTimeout: 30_000 };
    await using client = new EtcdClient({ hosts: member.url, sync: false, ...late });
    await client.version();
    member.proxy?.blackHole(true);
    for (const check of ['machines', 'leader', 'version'] as const) {
      const begin = performance.now();
      expect(await client.checks[check]({ timeout: 300 })).toMatchObject({ healthy: false });
      const took = performance.now() - begin;
      expect(took).toBeLessThan(3_000);
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
