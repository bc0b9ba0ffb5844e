import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdClusterIdChangedError } from 'nestjs-etcd/client';

import { EtcdCluster } from '../../support/etcd-cluster.js';
import { EtcdMember } from '../../support/etcd-member.js';
import { patient } from '../../support/patient.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds } from '../report.js';
import { Link } from '../link.js';
import { NaiveWatcher } from './naive-watcher.js';
import { Observer } from './observer.js';
import { waitUntilTold } from './told.js';

const rearm = 2_000;
/** For the connections that are made anew, and a state that is read, on a busy machine. */
const allowance = 3_000;

/** Kills every member, throws its data away and starts it again with the same flags: the cluster id stays the same. */
async function rebuild(cluster: EtcdCluster): Promise<void> {
  await Promise.all(cluster.members.map((member) => member.kill()));
  for (const { directory } of cluster.members) rmSync(join(directory, 'data'), { recursive: true });
  await Promise.all(cluster.members.map((member) => member.restart()));
}

async function write(client: EtcdClient, key: string, count: number): Promise<number> {
  let last = 0;
  for (let i = 0; i < count; i++) last = (await client.set(key, String(i))).node.modifiedIndex;
  return last;
}

describe('W5: a cluster that is rebuilt under a watch', () => {
  let cluster: EtcdCluster;
  /** From the watchers to each member. */
  let links: Link[];
  let watching: EtcdClient;
  let observer: Observer;
  let naive: NaiveWatcher;

  beforeEach(async () => {
    cluster = await EtcdCluster.start(3);
    links = await Promise.all(cluster.urls.map((url) => Link.start(url)));
    const hosts = links.map(({ url }) => url);
    watching = new EtcdClient({ hosts, sync: false, watch: { rearm } });
    await using before = new EtcdClient({ hosts: cluster.urls, ...patient });
    await write(before, '/w5/before', 300);
    observer = await Observer.start('watcher', watching.watch('/w5', { recursive: true, initial: true }));
    const index = await write(before, '/w5/key', 20);
    naive = new NaiveWatcher('long poll', hosts, '/w5', index);
    await waitFor(() => observer.position >= index && naive.isRegistered);
  });
  afterEach(async () => {
    await watching.close();
    await naive[Symbol.asyncDispose]();
    await Promise.all(links.map((link) => link[Symbol.asyncDispose]()));
    await cluster.stop();
  });

  /** Waits for the resync, and checks what the watcher tells afterwards. */
  async function expectReset(rebuilt: number): Promise<number> {
    const resync = await waitFor(() => observer.resyncs.find(({ reason }) => reason === 'reset'), {
      timeout: rearm + allowance + 10_000,
      what: 'the resync',
    });
    const delay = (observer.times.get(resync.to) ?? NaN) - rebuilt;
    await using after = new EtcdClient({ hosts: cluster.urls, ...patient });
    const last = await write(after, '/w5/after', 3);
    await waitFor(() => observer.position >= last, { what: 'the changes of the new store' });
    const { node } = await after.get('/w5', { quorum: true, recursive: true });
    expect(observer.state.differences(node)).toEqual([]);
    expect(observer.faults).toEqual([]);
    expect(observer.resyncs.map(({ reason }) => reason)).toEqual(['initial', 'reset']);
    return delay;
  }

  it('tells a resync within the re-arm interval when the new store is behind; a naive watcher waits for ever', async () => {
    await rebuild(cluster);
    const rebuilt = performance.now();
    const delay = await expectReset(rebuilt);
    report(`W5: same cluster id, index behind: resync ${seconds(delay)} after it served`);
    expect(delay).toBeLessThanOrEqual(rearm + allowance);
    // Control: the new store has had changes, which a poll at the old index does not wait for.
    expect(naive.changes).toEqual([]);
  });

  it('tells a resync when the new store has overtaken the old index meanwhile', async () => {
    // Elections, so that the term of raft tells the new store from the old one, which may have needed several, too.
    for (let round = 0; round < 6; round++) {
      const leader = await cluster.waitForLeader();
      await leader.kill();
      await leader.restart();
      await cluster.waitHealthy();
    }
    await using before = new EtcdClient({ hosts: cluster.urls, ...patient });
    const known = await write(before, '/w5/key', 1);
    await waitUntilTold([observer], known);
    // The watcher's client has seen the term, whenever its watch was opened.
    await watching.get('/w5', { quorum: true });
    for (const link of links) link.cut();
    const { raftTerm } = await before.get('/w5/key', { quorum: true });
    await rebuild(cluster);
    await using after = new EtcdClient({ hosts: cluster.urls, ...patient });
    expect(await write(after, '/w5/other', known + 50)).toBeGreaterThan(known);
    expect((await after.get('/w5/other', { quorum: true })).raftTerm).toBeLessThan(raftTerm);
    for (const link of links) link.mend();
    const delay = await expectReset(performance.now());
    report(`W5: same cluster id, index ahead: resync ${seconds(delay)} after it could be reached`);
    expect(delay).toBeLessThanOrEqual(rearm + allowance);
  });

  it('ends with EtcdClusterIdChangedError when another cluster answers, and does not hang', async () => {
    const places = cluster.members.map(({ name, directUrl, peerUrl }) => ({
      name,
      clientPort: Number(new URL(directUrl).port),
      peerPort: Number(new URL(peerUrl).port),
    }));
    await cluster.stop();
    const initialCluster = places
      .map(({ name, peerPort }) => `${name}=http://127.0.0.1:${peerPort}`)
      .join(',');
    const args = ['--initial-cluster-token=another'];
    const others = await Promise.all(
      places.map((place) => EtcdMember.start({ ...place, initialCluster, args })),
    );
    const rebuilt = performance.now();
    try {
      await waitFor(() => observer.failure, { timeout: rearm + allowance + 10_000, what: 'the end' });
      const delay = performance.now() - rebuilt;
      report(
        `W5: another cluster id: ended ${seconds(delay)} after it served, with ${String(observer.failure)}`,
      );
      expect(observer.failure).toBeInstanceOf(EtcdClusterIdChangedError);
      expect(delay).toBeLessThanOrEqual(rearm + allowance);
    } finally {
      await Promise.all(others.map((member) => member.kill()));
      await Promise.all(others.map((member) => member.stop()));
    }
  });
});
