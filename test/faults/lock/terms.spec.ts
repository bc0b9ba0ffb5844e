import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdCluster } from '../../support/etcd-cluster.js';
import { type EtcdMember } from '../../support/etcd-member.js';
import { patient } from '../../support/patient.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds, tally } from '../report.js';
import { Candidate, outOfTurn } from './candidate.js';
import { overlaps, steps, type Tenure } from './tenure.js';

const size = 5;
const ttl = 2;
const election = 'terms';
/**
 * Whoever's entry is deleted by another hand is told so soon at the latest, in milliseconds: nobody can know it before. Its next
 * renewal tells it after a third of its TTL, and a busy machine later.
 */
const afterDeletion = 2_000;

const faults = [
  'cut off the leader',
  'delete the entry of the leader',
  'kill a follower of etcd',
  'cut off the leader',
  'delete the entry of the leader',
  'freeze the leader of etcd',
  'cut off the leader',
  'cut off candidates',
  'kill the leader of etcd',
  'cut off the leader',
  'delete the entry of the leader',
  'cut off candidates',
  'freeze the leader of etcd',
  'cut off candidates',
  'kill the leader of etcd',
  'cut off the leader',
  'delete the entry of the leader',
  'freeze the leader of etcd',
  'cut off candidates',
  'delete the entry of the leader',
  'cut off the leader',
  'kill a follower of etcd',
  'delete the entry of the leader',
  'cut off candidates',
  'cut off the leader',
  'freeze the leader of etcd',
  'delete the entry of the leader',
  'kill the leader of etcd',
  'cut off candidates',
  'delete the entry of the leader',
] as const;

describe('E1: terms of an election', () => {
  let cluster: EtcdCluster;
  let direct: EtcdClient;
  let candidates: Candidate[] = [];

  beforeAll(async () => {
    cluster = await EtcdCluster.start(3);
    direct = new EtcdClient({ hosts: cluster.urls, ...patient });
    candidates = await Promise.all(
      Array.from({ length: size }, (_, i) =>
        Candidate.start(`candidate ${i}`, cluster.urls, {
          election,
          ttl,
          network: i % 2 === 0 ? 'delaying' : 'dropping',
        }),
      ),
    );
  });
  afterEach(() => {
    for (const member of cluster.members) member.resume();
  });
  afterAll(async () => {
    await Promise.all(candidates.map((candidate) => candidate[Symbol.asyncDispose]()));
    await direct.close();
    await cluster.stop();
  });

  /** Who leads, once it is somebody else. */
  function leader(not?: Candidate): Promise<Candidate> {
    return waitFor(() => candidates.find((candidate) => candidate.isLeader && candidate !== not), {
      timeout: 30_000,
      interval: 5,
      what: 'a leader',
    });
  }

  async function cutOff(some: readonly Candidate[], until: () => Promise<unknown>): Promise<void> {
    for (const candidate of some) candidate.cut();
    await until();
    for (const candidate of some) candidate.mend();
  }

  async function kill(member: EtcdMember | undefined): Promise<void> {
    await member?.kill();
    await sleep(300);
    await member?.restart();
  }

  const work: Record<(typeof faults)[number], () => Promise<unknown>> = {
    'cut off the leader': async () => {
      const cut = await leader();
      await cutOff([cut], () => leader(cut));
    },
    'cut off candidates': async () => {
      const leading = await leader();
      const others = candidates.filter((candidate) => candidate !== leading);
      await cutOff(others.slice(Math.floor(Math.random() * 3)), () => sleep(200 + Math.random() * 800));
    },
    'delete the entry of the leader': async () => {
      const deleted = await leader();
      await direct.delete(deleted.leadership?.key ?? '').catch(() => undefined);
      await leader(deleted);
      // The next fault would keep it from being told.
      await waitFor(() => !deleted.isLeader, { interval: 5, what: 'the deletion to be told' });
    },
    'kill the leader of etcd': async () => kill(await cluster.waitForLeader()),
    'kill a follower of etcd': async () => kill((await cluster.followers())[0]),
    'freeze the leader of etcd': async () => {
      const frozen = await cluster.waitForLeader();
      frozen.pause();
      await sleep(500 + Math.random() * 1_000);
      frozen.resume();
    },
  };

  it(`rise, and never overlap, over ${faults.length} faults`, async () => {
    const started = performance.now();
    for (const fault of faults) {
      await leader();
      await work[fault]();
      await cluster.waitHealthy();
      await leader();
    }
    await Promise.all(candidates.map((candidate) => candidate[Symbol.asyncDispose]()));

    const tenures: Tenure[] = candidates.flatMap((candidate) => candidate.tenures);
    const losses = tenures.flatMap(({ loss }) => loss ?? []);
    const found = overlaps(tenures);
    const known = found.filter(
      ({ first, milliseconds }) => first.loss === 'removed' && milliseconds < afterDeletion,
    );
    const failures = candidates.flatMap((candidate) => candidate.failures);
    report(
      `E1: ${faults.length} faults (${tally(faults)}): ${tenures.length} terms of ${size} candidates, lost: ` +
        `${tally(losses)}; ${steps(tenures).length} not higher than the one before, ${found.length - known.length} overlaps, ` +
        `${known.length} until a deletion was told (${Math.max(0, ...known.map((one) => one.milliseconds)).toFixed(1)} ms ` +
        `at most); failed campaigns: ${tally(failures) || 'none'}; ${seconds(performance.now() - started)}`,
    );
    expect(steps(tenures)).toEqual([]);
    expect(found.filter((overlap) => !known.includes(overlap))).toEqual([]);
    expect(candidates.map(outOfTurn)).toEqual(candidates.map(() => 0));
    expect(failures).toEqual([]);
    // Control: the faults have hit whoever led.
    const count = (name: string): number => faults.filter((fault) => fault === name).length;
    expect(losses.filter((loss) => loss === 'expired').length).toBeGreaterThanOrEqual(
      count('cut off the leader'),
    );
    expect(losses.filter((loss) => loss === 'removed').length).toBeGreaterThanOrEqual(
      count('delete the entry of the leader'),
    );
  });
});
