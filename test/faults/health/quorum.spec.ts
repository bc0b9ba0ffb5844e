import { describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdCluster } from '../../support/etcd-cluster.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds } from '../report.js';

const rounds = 10;
const options = { timeout: 1_000 };

describe('H1: a cluster that loses its quorum', () => {
  it('has no leader within 2.5 s, and one again within 3.5 s of the members being back', async () => {
    await using cluster = await EtcdCluster.start(3);
    await using etcd = new EtcdClient({ hosts: cluster.urls });
    const downs: number[] = [];
    const ups: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const lost = await (round % 2 === 0 ? cluster.followers() : leaderAndOne(cluster));
      await waitFor(async () => (await etcd.checks.leader(options)).healthy, { interval: 10 });
      await Promise.all(lost.map((member) => member.kill()));
      const begin = performance.now();
      await waitFor(async () => !(await etcd.checks.leader(options)).healthy, { interval: 10 });
      downs.push(performance.now() - begin);
      await Promise.all(lost.map((member) => member.restart()));
      const back = performance.now();
      await waitFor(async () => (await etcd.checks.leader(options)).healthy, { interval: 10 });
      ups.push(performance.now() - back);
      await cluster.waitHealthy();
    }
    const most = (times: number[]): string => seconds(Math.max(...times));
    report(
      `H1: ${rounds} times without a quorum: down after at most ${most(downs)}, up again after ${most(ups)}`,
    );
    expect(Math.max(...downs)).toBeLessThan(2_500);
    expect(Math.max(...ups)).toBeLessThan(3_500);
  });
});

async function leaderAndOne(cluster: EtcdCluster) {
  const [follower] = await cluster.followers();
  const leader = await cluster.waitForLeader();
  return follower === undefined ? [leader] : [leader, follower];
}
