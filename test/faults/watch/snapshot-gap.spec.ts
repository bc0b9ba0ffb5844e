import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdCluster } from '../../support/etcd-cluster.js';
import { type EtcdMember } from '../../support/etcd-member.js';
import { patient } from '../../support/patient.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds, tally } from '../report.js';
import { countDoubled, IndexLedger } from './index-ledger.js';
import { NaiveWatcher } from './naive-watcher.js';
import { Observer } from './observer.js';
import { waitUntilTold } from './told.js';

const gaps = 5;
/** raft's log is kept for 5,000 entries behind a snapshot, and one is made every 1,000: who is further back gets that. */
const entries = 10_000;
const inFlight = 24;
/** Changes of the watched keys in each gap. */
const inGap = 5;

/** How the entries of raft's log come about that the frozen member misses. */
interface Traffic {
  readonly name: string;
  readonly makes: (client: EtcdClient, number: number) => Promise<unknown>;
}

const traffic: Traffic[] = [
  {
    name: 'writes elsewhere, more than the history holds',
    makes: (client, number) => client.set(`/elsewhere/${number % 100}`, 'value'),
  },
  // They leave the store's index where it is, so that the gap cannot be seen in the indexes of events.
  { name: 'quorum reads', makes: (client) => client.get('/elsewhere', { quorum: true }) },
];

describe('W2: a member that is caught up by a snapshot of raft', () => {
  let cluster: EtcdCluster;

  beforeAll(async () => {
    cluster = await EtcdCluster.start(3, { args: ['--snapshot-count=1000'] });
  });
  afterAll(() => cluster.stop());

  /** Freezes a member until raft has left it behind, and tells whether it has got a snapshot then. */
  async function leaveBehind(
    member: EtcdMember,
    { makes }: Traffic,
    change: () => Promise<unknown>,
  ): Promise<boolean> {
    const snapshots = () => [...member.log.matchAll(/applied incoming snapshot at index (\d+)/g)].at(-1)?.[1];
    const raftIndex = async (one: EtcdMember | undefined) =>
      Number((await one?.request('/v2/keys/'))?.headers['x-raft-index']);
    const before = snapshots();
    member.pause();
    await using client = new EtcdClient({
      hosts: cluster.live.map(({ url }) => url),
      sync: false,
      ...patient,
    });
    let next = 0;
    const middle = 3_000;
    const caller = async () => {
      while (next < entries) {
        const number = next++;
        await makes(client, number);
        // In the middle: the first ones are on their way to the member, and the last ones are still in the log.
        if (number % 100 === 0 && number >= middle && number < middle + 100 * inGap) await change();
      }
    };
    await Promise.all(Array.from({ length: inFlight }, caller));
    const reached = await raftIndex(cluster.live[0]);
    member.resume();
    await waitFor(async () => (await raftIndex(member)) >= reached, { what: 'the member to catch up' });
    // What it writes takes a moment to get here.
    return await waitFor(() => snapshots() !== before, { timeout: 500 }).catch(() => false);
  }

  for (const kind of traffic) {
    it(`loses no watcher a change without a word: ${kind.name}`, async () => {
      const started = performance.now();
      const ledger = new IndexLedger();
      const tolds: string[] = [];
      let found = 0;
      const naiveLost: Record<string, number> = {};
      await using writing = new EtcdClient({ hosts: cluster.urls, sync: false, ...patient });
      await writing.set('/elsewhere/0', 'value');
      for (let tries = 0; tolds.length < gaps; tries++) {
        if (tries === 2 * gaps) throw new Error(`Only ${tolds.length} snapshots in ${tries} tries.`);
        // A leader that has sent a snapshot keeps its whole log for half a minute.
        const leader = await cluster.waitForLeader();
        await leader.kill();
        await leader.restart();
        await cluster.waitHealthy();
        const [member] = await cluster.followers();
        if (member === undefined) throw new Error('There is no follower.');
        const others = cluster.members.filter((other) => other !== member).map(({ url }) => url);
        await using writer = new EtcdClient({ hosts: others, sync: false, ...patient });
        await using watching = new EtcdClient({ hosts: member.url, sync: false });
        const { etcdIndex } = await writer.get('/', { quorum: true });
        const watcher = watching.watch('/w2', { recursive: true, initial: true });
        const observer = await Observer.start('watcher', watcher);
        await waitUntilTold([observer], etcdIndex);
        await using poll = new NaiveWatcher('long poll', [member.url], '/w2', etcdIndex);
        await using stream = new NaiveWatcher('stream', [member.url], '/w2', etcdIndex);
        const naive = [poll, stream];
        await waitFor(() => naive.every(({ isRegistered }) => isRegistered));
        const change = (name: string) => ledger.write(() => writer.set(`/w2/${tries}`, name));
        if (!(await leaveBehind(member, kind, () => change('in the gap')))) continue;
        const last = await change('after the gap');
        await waitUntilTold([observer, ...naive], last?.node.modifiedIndex ?? Infinity);

        const { node } = await writer.get('/w2', { quorum: true, recursive: true });
        // What it cannot know when it is told of a change, it learns when the member is asked where it is.
        const isWhole = () => ledger.missing(observer, observer.position).length === 0;
        await waitFor(isWhole, { timeout: 2_000 }).catch(() => undefined);
        const missing = ledger.missing(observer, observer.position);
        const lies = [...observer.faults, ...ledger.wrong(observer), ...observer.state.differences(node)];
        if (missing.length === 0 && lies.length === 0 && countDoubled(observer) === 0) found++;
        tolds.push(
          `${observer.changes.length} events ${tally(observer.resyncs.map(({ reason }) => reason))}`,
        );
        for (const one of naive) {
          const lost = ledger.missing(one, one.position).length;
          naiveLost[one.name] = (naiveLost[one.name] ?? 0) + Number(lost > 0);
        }
      }
      report(
        `W2: ${kind.name}, ${entries} entries: ${found} of ${gaps} gaps found (${tolds.join('; ')}); lost by ` +
          `${JSON.stringify(naiveLost)}; ${seconds(performance.now() - started)}`,
      );
      expect(found).toBe(gaps);
      // Control: who believes an open watch is told nothing of what the snapshot held.
      for (const lost of Object.values(naiveLost)) expect(lost).toBeGreaterThan(0);
    });
  }
});
