import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdCluster } from '../support/etcd-cluster.js';
import { type EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { deviation, noDeviation, Recorder } from './recorder.js';

/** Writes one key after the other, and remembers the indexes. */
class Writing {
  readonly indexes: number[] = [];
  private readonly done: Promise<void>;
  private isStopped = false;

  constructor(
    private readonly etcd: EtcdClient,
    private readonly key: string,
  ) {
    this.done = this.write();
  }

  get last(): number {
    return this.indexes.at(-1) ?? 0;
  }

  /** Resolves when so many more have been written. */
  async more(count: number): Promise<void> {
    const enough = this.indexes.length + count;
    await waitFor(() => this.indexes.length >= enough, { timeout: 20_000, what: `${count} more writes` });
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.done;
  }

  private async write(): Promise<void> {
    for (let i = 0; !this.isStopped; i++) {
      this.indexes.push((await this.etcd.set(`${this.key}/${i % 20}`, String(i))).etcdIndex);
      // Slow enough that the history holds what a silent member keeps back until it is left.
      await sleep(6);
    }
  }
}

describe('A watch on a cluster of three', () => {
  let cluster: EtcdCluster;
  let watched: EtcdMember;
  let writer: EtcdClient;
  let count = 0;

  beforeAll(async () => {
    // An election of their own, when one of them has had no core for a second, could lose a write that is on its way.
    cluster = await EtcdCluster.start(3, { proxy: true, electionTimeout: 3_000 });
  });
  afterAll(() => cluster.stop());
  afterEach(async () => {
    await writer.close();
    watched.resume();
    watched.proxy?.blackHole(false);
    await watched.proxy?.accept();
    if (!watched.isRunning) await watched.restart();
    await cluster.waitHealthy();
  });

  /** A watch that is served by a follower, and a writer that writes through the leader. */
  async function watchFollower({
    sync = {},
    ...options
  }: { rearm?: number; sync?: { interval?: number } } = {}) {
    const leader = await cluster.waitForLeader();
    [watched] = (await cluster.followers()) as [EtcdMember];
    const key = `/key-${++count}`;
    writer = new EtcdClient({ hosts: leader.directUrl, sync: false, ...patient });
    const others = cluster.urls.filter((url) => url !== watched.url);
    const etcd = new EtcdClient({ hosts: [watched.url, ...others], order: 'given', watch: options, sync });
    const recorder = new Recorder(etcd.watch(key, { recursive: true }));
    await recorder.watcher.ready;
    expect(watchesOf(watched, key)).toBeGreaterThan(0);
    return { key, etcd, recorder };
  }

  /** How many watches of a key came to a member. */
  const watchesOf = ({ proxy }: EtcdMember, key: string) =>
    proxy?.requests.filter(({ line }) => line.includes(`${key}?wait=true`)).length ?? 0;

  const faults: [name: string, fault: (member: EtcdMember) => Promise<void> | void][] = [
    ['is killed', (member) => member.kill()],
    ['is stopped with SIGSTOP', (member) => member.pause()],
    ['is behind a network that swallows everything', (member) => member.proxy?.blackHole(true)],
    [
      'refuses connections',
      async (member) => {
        await member.proxy?.refuse();
        member.proxy?.reset();
      },
    ],
    ['is behind a network that resets connections', (member) => member.proxy?.reset()],
  ];

  it.each(faults)('loses, doubles and reorders nothing when its member %s', async (_, fault) => {
    const { key, etcd, recorder } = await watchFollower({ rearm: 500 });
    await using client = etcd;
    expect(client.endpoints).toContain(watched.url);
    const writing = new Writing(writer, key);
    await writing.more(50);
    await recorder.reaches(writing.last);
    await fault(watched);
    await writing.more(150);
    await recorder.reaches(writing.last, 20_000);
    await writing.more(50);
    await writing.stop();
    await recorder.reaches(writing.last);
    expect(deviation(recorder.indexes, writing.indexes)).toEqual(noDeviation);
    expect(recorder.resyncs).toEqual([]);
    expect(recorder.end).toBeUndefined();
  });

  it('hears within its re-arm interval and the time for a try what a silent member keeps back', async () => {
    const { key, etcd, recorder } = await watchFollower({ rearm: 500 });
    await using client = etcd;
    expect(client.endpoints).toContain(watched.url);
    watched.pause();
    // Quiet, so that nothing but the silence itself can tell.
    const { etcdIndex } = await writer.set(`${key}/a`, 'v');
    await recorder.reaches(etcdIndex, 500 + 4_000);
    expect(recorder.indexes).toEqual([etcdIndex]);
  });

  it('tells nothing twice when a member that stood still comes along with what it had kept back', async () => {
    // It may take a sync until a member that was left is asked again.
    const { key, etcd, recorder } = await watchFollower({ rearm: 500, sync: { interval: 1_000 } });
    await using client = etcd;
    expect(client.endpoints).toContain(watched.url);
    const first = await writer.set(`${key}/a`, '1');
    await recorder.reaches(first.etcdIndex);
    watched.pause();
    const second = await writer.set(`${key}/a`, '2');
    await recorder.reaches(second.etcdIndex);
    const before = watchesOf(watched, key);
    watched.resume();
    const third = await writer.set(`${key}/a`, '3');
    await recorder.reaches(third.etcdIndex);
    await waitFor(() => watchesOf(watched, key) > before, {
      what: 'the next watch on the member that was left',
    });
    const last = await writer.set(`${key}/a`, '4');
    await recorder.reaches(last.etcdIndex);
    expect(recorder.indexes).toEqual([first, second, third, last].map(({ etcdIndex }) => etcdIndex));
  });

  it('survives the loss of all members at once, and their return', async () => {
    const { key, etcd, recorder } = await watchFollower();
    await using client = etcd;
    expect(client.endpoints).toContain(watched.url);
    const first = await writer.set(`${key}/a`, '1');
    await recorder.reaches(first.etcdIndex);
    await Promise.all(cluster.members.map((member) => member.kill()));
    await Promise.all(cluster.members.map((member) => member.restart()));
    await cluster.waitHealthy();
    const last = await waitFor(() => writer.set(`${key}/a`, '2'), { what: 'a write' });
    await recorder.reaches(last.etcdIndex);
    // A write that failed may have been made all the same; then it has been told too.
    expect(recorder.indexes[0]).toBe(first.etcdIndex);
    for (const [i, { prevNode }] of recorder.changes.entries())
      expect(prevNode?.modifiedIndex).toBe(recorder.indexes[i - 1]);
    expect(recorder.indexes.at(-1)).toBe(last.etcdIndex);
    expect(recorder.resyncs).toEqual([]);
  });
});
