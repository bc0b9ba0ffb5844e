import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdCluster } from '../../support/etcd-cluster.js';
import { type EtcdMember } from '../../support/etcd-member.js';
import { patient } from '../../support/patient.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds } from '../report.js';
import { Candidate } from './candidate.js';

const rounds = 6;
const ttl = 2;
const election = 'stuck';
const directory = `/_elections/${election}`;
/** What a leader is promised within once all is well again, in milliseconds. */
const promised = 10_000;
/** More than etcd's history holds. */
const changes = 1_200;

describe('E4: candidates', () => {
  let cluster: EtcdCluster;
  let direct: EtcdClient;
  let candidates: Candidate[] = [];

  beforeEach(async () => {
    cluster = await EtcdCluster.start(3);
    direct = new EtcdClient({ hosts: cluster.urls, ...patient });
    candidates = await Promise.all(
      (['delaying', 'dropping', 'delaying'] as const).map((network, i) =>
        Candidate.start(`candidate ${i}`, cluster.urls, { election, ttl, network }),
      ),
    );
  });
  afterEach(async () => {
    await Promise.all(candidates.map((candidate) => candidate[Symbol.asyncDispose]()));
    await direct.close();
    await cluster.stop();
  });

  const leader = (): Candidate | undefined => candidates.find(({ isLeader }) => isLeader);
  const entries = async (): Promise<string[]> =>
    (await direct.get(directory, { quorum: true })).node.children.map(({ key }) => key).toSorted();

  /** Each ends when all is well again, with nobody in the leader's place. */
  const faults: ReadonlyArray<readonly [name: string, work: () => Promise<unknown>]> = [
    [
      'all of etcd was restarted',
      async () => {
        const { members } = cluster;
        await Promise.all(members.map((member) => member.kill()));
        // Longer than the TTL, so that nobody leads any more.
        await sleep(ttl * 1_000 + 500);
        // Somebody else's client may sit on a port that is free for so long.
        const restart = (member: EtcdMember): Promise<boolean> =>
          waitFor(() => member.restart().then(() => true), { timeout: 30_000, interval: 500 });
        await Promise.all(members.map(restart));
      },
    ],
    [
      'more has changed than the history holds while they waited, unseen',
      async () => {
        const leading = leader();
        const others = candidates.filter((candidate) => candidate !== leading);
        for (const other of others) other.cut();
        // What the waiting ones wait for is long out of the history when they are back.
        await direct.delete(leading?.leadership?.key ?? '');
        leading?.cut();
        for (let i = 0; i < changes; i += 50)
          await Promise.all(
            Array.from({ length: 50 }, (_, j) =>
              direct.set(`/changed/${j}`, String(i), { idempotent: true }),
            ),
          );
        for (const candidate of candidates) candidate.mend();
      },
    ],
    [
      'all their entries were deleted',
      async () => {
        await direct.delete(directory, { recursive: true });
      },
    ],
    [
      'the entry of one that waits was deleted, and then that of the leader',
      async () => {
        const [first, second] = await entries();
        await direct.delete(second ?? '');
        await direct.delete(first ?? '');
      },
    ],
    [
      'all their links were cut',
      async () => {
        for (const candidate of candidates) candidate.cut();
        await sleep(ttl * 1_000 + Math.random() * 1_000);
        for (const candidate of candidates) candidate.mend();
      },
    ],
  ];

  it(`are never stuck: there is a leader within ${seconds(promised)}, whatever has happened`, async () => {
    for (const [name, work] of faults) {
      const delays: number[] = [];
      for (let round = 0; round < rounds; round++) {
        await waitFor(leader, { what: 'a leader' });
        await waitFor(async () => (await entries()).length === candidates.length, { what: 'all entries' });
        const terms = (): number => candidates.reduce((sum, { tenures }) => sum + tenures.length, 0);
        const before = terms();
        await work();
        const healed = performance.now();
        await waitFor(() => leader() !== undefined && terms() > before, {
          timeout: promised,
          interval: 5,
          what: `a leader after ${name}`,
        });
        delays.push(performance.now() - healed);
      }
      report(`E4: after ${name}: a leader after ${delays.map(seconds).join(', ')}`);
      expect(Math.max(...delays)).toBeLessThanOrEqual(promised);
    }
    expect(candidates.flatMap(({ failures }) => failures)).toEqual([]);
  });
});
