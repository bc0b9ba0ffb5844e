import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';
import { EtcdMember } from '../../support/etcd-member.js';
import { patient } from '../../support/patient.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds } from '../report.js';
import { Start } from './start.js';

/** One worker, by what it has logged. */
class Worker {
  readonly start: Start;

  /** @param duration of each job, in milliseconds */
  constructor(hosts: string, duration: number) {
    this.start = new Start('worker', { ETCD_HOSTS: hosts, JOB_DURATION: String(duration) });
  }

  /** Resolves to its process id once it runs. */
  async pid(): Promise<number> {
    return Number(await this.start.says(/\[Nest\] (\d+)/));
  }

  get begun(): string[] {
    return this.jobs('Begins');
  }

  get done(): string[] {
    return this.jobs('Has done');
  }

  get planned(): string[] {
    return this.jobs('Planned');
  }

  private jobs(word: string): string[] {
    return [...this.start.output.matchAll(new RegExp(`${word} (\\S+?)(?:\\u001b|\\s|$)`, 'g'))].map(
      ([, id = '']) => id,
    );
  }
}

describe('Workers', () => {
  let member: EtcdMember;
  let etcd: EtcdClient;
  let workers: Worker[];

  beforeEach(async () => {
    member = await EtcdMember.start();
    etcd = new EtcdClient({ hosts: member.url, ...patient });
    workers = [];
  });

  afterEach(async () => {
    for (const { start } of workers) start.interrupt();
    await Promise.all(workers.map(({ start }) => start.ended));
    await etcd.close();
    await member.stop();
  });

  const startWorkers = async (duration: number) => {
    // One after the other, because each compiles the sample before it starts.
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(member.url, duration);
      workers.push(worker);
      await worker.pid();
    }
  };
  const jobs = async () => {
    const { node } = await etcd.get('/worker/jobs', { recursive: true, quorum: true });
    return new Map([...node.leaves()].map(({ key, value }) => [key.slice('/worker/jobs/'.length), value]));
  };
  const addJobs = async (count: number) => {
    const ids = Array.from({ length: count }, (_, i) => `by-hand-${i}`);
    for (const id of ids) await etcd.set(`/worker/jobs/${id}`, 'open');
    return ids;
  };
  const areDone = async (ids: readonly string[]) => {
    const known = await jobs();
    return ids.every((id) => known.get(id)?.startsWith('done by process'));
  };

  it('do each job once between them, and one of them plans', async () => {
    await startWorkers(1_000);
    const ids = await addJobs(9);
    await waitFor(() => areDone(ids), { timeout: 30_000 });
    await waitFor(() => workers.some(({ planned }) => planned.length > 1), { timeout: 15_000 });
    const begun = workers.flatMap((worker) => worker.begun).filter((id) => ids.includes(id));
    expect(begun.toSorted()).toEqual(ids);
    report(
      `Workers: 9 jobs, begun by ${workers.map(({ begun: own }) => own.filter((id) => ids.includes(id)).length).join(' + ')}`,
    );
    expect(workers.filter(({ begun: own }) => own.length > 0)).toHaveLength(3);
    expect(workers.filter(({ planned }) => planned.length > 0)).toHaveLength(1);
  });

  it('finish what they do when they get SIGTERM, and hand over the lead at once', async () => {
    await startWorkers(1_000);
    await waitFor(() => workers.find(({ planned }) => planned.length > 0), { timeout: 30_000 });
    const leader = workers.find(({ planned }) => planned.length > 0) as Worker;
    const others = workers.filter((worker) => worker !== leader);
    const ids = await addJobs(30);
    await waitFor(() => leader.begun.length > leader.done.length);
    await waitFor(async () => (await etcd.election('worker').candidates()).length === 3);
    const pid = await leader.pid();
    process.kill(pid, 'SIGTERM');
    await leader.start.ended;
    expect(leader.done).toEqual(leader.begun);
    const last = leader.done.at(-1) as string;
    expect((await jobs()).get(last)).toBe(`done by process ${pid}`);
    // Neither its lock nor its candidacy has to expire.
    const ended = performance.now();
    expect(await etcd.election('worker').candidates()).toHaveLength(2);
    expect(await etcd.lock(`worker/${last}`).holder()).toBeUndefined();
    await waitFor(() => others.some(({ planned }) => planned.length > 0));
    report(`Workers: another one plans ${seconds(performance.now() - ended)} after the leader has ended`);
    await waitFor(() => areDone(ids), { timeout: 60_000 });
  });

  it('do the job of one that has died, when its lock has expired', async () => {
    // Long enough to be killed within.
    await startWorkers(3_000);
    const ids = await addJobs(6);
    const [victim, ...others] = workers as [Worker, ...Worker[]];
    await waitFor(() => victim.begun.length > victim.done.length);
    const job = victim.begun.at(-1) as string;
    const killed = performance.now();
    process.kill(await victim.pid(), 'SIGKILL');
    const again = () => others.filter(({ begun }) => begun.includes(job));
    await waitFor(() => again().length > 0, { timeout: 20_000 });
    report(`Workers: another one does the job ${seconds(performance.now() - killed)} after the kill`);
    await waitFor(() => areDone(ids), { timeout: 60_000 });
    expect(again()).toHaveLength(1);
  });
});
