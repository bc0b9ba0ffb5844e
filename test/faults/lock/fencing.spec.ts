import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { compilePackage, type CompiledPackage } from '../../nest/compile-package.js';
import { EtcdCluster } from '../../support/etcd-cluster.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds, tally } from '../report.js';
import { CounterServer } from './counter-server.js';
import { Worker } from './worker.js';

const processes = 6;
const sections = processes * 300;
/** How many sections there are between two faults. */
const pace = 50;

/** What befalls whoever is in its section; with `leader`, the leader of etcd is killed as well. */
type Fault = 'stop' | 'kill' | 'stop, leader';

/** Of each round. */
const round: Fault[] = ['stop', 'stop', 'kill', 'stop, leader', 'stop', 'kill', 'stop', 'stop, leader'];
const faults = Array.from({ length: 4 }, () => round).flat();

interface Section {
  readonly token: number;
  readonly accepted: number;
  readonly refused: number;
  readonly refusedWhileHeld: number;
}

describe('L1: a resource that checks fencing tokens', () => {
  let compiled: CompiledPackage;
  let cluster: EtcdCluster;
  let workers: Worker[] = [];

  beforeAll(async () => {
    [compiled, cluster] = await Promise.all([compilePackage(), EtcdCluster.start(3)]);
  });
  afterEach(() => {
    for (const worker of workers) worker.kill();
  });
  afterAll(async () => {
    compiled[Symbol.dispose]();
    await cluster.stop();
  });

  it('loses no increment while holders are stopped and killed, and the leader of etcd dies', async () => {
    await using counters = await CounterServer.start();
    const started = performance.now();
    const startWorker = (): Worker =>
      new Worker('lock-sections.mjs', compiled.esm, cluster.urls.join(','), counters.url);
    workers = Array.from({ length: processes }, startWorker);
    const told = (): Section[] => workers.flatMap((worker) => worker.told<Section>('section'));
    const alive = new Set(workers);

    /** The process that is in its section, once it has been stopped or killed there. */
    const hit = (signal: 'SIGSTOP' | 'SIGKILL'): Promise<Worker> =>
      new Promise((resolve) => {
        counters.onSection = (pid) => {
          counters.onSection = () => undefined;
          process.kill(pid, signal);
          resolve(workers.find((worker) => worker.pid === pid) as Worker);
        };
      });
    const resumed: Array<Promise<unknown>> = [];
    const stop = async (): Promise<void> => {
      const worker = await hit('SIGSTOP');
      resumed.push(sleep(3_000 + Math.random() * 2_000).then(() => worker.resume()));
    };
    const kill = async (): Promise<void> => {
      alive.delete(await hit('SIGKILL'));
      const worker = startWorker();
      workers.push(worker);
      alive.add(worker);
    };
    const killLeader = async (): Promise<void> => {
      const leader = await cluster.waitForLeader();
      await leader.kill();
      await sleep(500);
      await leader.restart();
      await cluster.waitHealthy();
    };
    const comeTo = (count: number): Promise<unknown> =>
      waitFor(() => told().length >= count, { timeout: 30_000, what: `${count} sections` });

    for (const fault of faults) {
      await comeTo(told().length + pace);
      await (fault === 'kill' ? kill() : stop());
      if (fault === 'stop, leader') await killLeader();
    }
    await Promise.all(resumed);
    await comeTo(Math.max(sections, told().length + pace));
    for (const worker of alive) worker.tell();
    await Promise.all(Array.from(alive, (worker) => worker.end()));

    const { fenced, bare } = counters;
    const sum = (what: Exclude<keyof Section, 'token'>): number =>
      told().reduce((total, section) => total + section[what], 0);
    const kills = faults.filter((fault) => fault === 'kill').length;
    const failures = workers.flatMap((worker) => worker.told<string>('failed'));
    report(
      `L1: ${told().length} sections of ${processes} processes, ${faults.length - kills} stopped in theirs, ${kills} killed, ` +
        `${faults.filter((fault) => fault.endsWith('leader')).length} leaders of etcd killed: ${fenced.accepted} increments, ` +
        `${fenced.lost} lost, ${fenced.stale} stale writes, ${fenced.refused} refused, ${sum('refusedWhileHeld')} of them ` +
        `of a holder; without a fence ${bare.lost} of ${bare.accepted} lost, ${bare.stale} stale; failed acquires: ` +
        `${tally(failures) || 'none'}; ${seconds(performance.now() - started)}`,
    );
    expect(told().length).toBeGreaterThanOrEqual(sections);
    expect({ lost: fenced.lost, stale: fenced.stale }).toEqual({ lost: 0, stale: 0 });
    expect(sum('refusedWhileHeld')).toBe(0);
    // Who was killed may have had no time to tell its last one.
    expect(fenced.accepted - sum('accepted')).toBeGreaterThanOrEqual(0);
    expect(fenced.accepted - sum('accepted')).toBeLessThanOrEqual(kills);
    // Nobody but who was stopped is refused.
    expect(sum('refused')).toBeLessThanOrEqual(2 * (faults.length - kills));
    const tokens = told().map(({ token }) => token);
    expect(new Set(tokens).size).toBe(tokens.length);
    // Control: the lock alone does not protect from who was stopped.
    expect(bare.stale).toBeGreaterThan(0);
    expect(bare.lost).toBeGreaterThan(0);
  }, 400_000);
});
