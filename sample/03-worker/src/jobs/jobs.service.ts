import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { EtcdService } from 'nestjs-etcd';
import { jobsKey, open } from './job.js';

/** How long a job takes, in milliseconds. */
const duration = Number(process.env['JOB_DURATION'] ?? 1_000);

/** Does the jobs, one after the other, and each under a lock of its own: of all workers one does it. */
@Injectable()
export class JobsService implements OnModuleDestroy {
  private readonly logger = new Logger(JobsService.name);
  private readonly jobs;
  private isEnding = false;
  private round: Promise<void> | undefined;

  constructor(private readonly etcd: EtcdService) {
    // A copy in memory, which etcd keeps current: looking at it asks nobody.
    this.jobs = etcd.cache(jobsKey);
  }

  /** A job whose worker has died is open again when its lock has expired, and is found by the next look. */
  @Interval(250)
  look(): void {
    if (this.isEnding || this.round !== undefined) return;
    this.round = this.doAll()
      .catch((error: unknown) => this.logger.warn(`Goes on in a moment: ${String(error)}`))
      .finally(() => (this.round = undefined));
  }

  /** Waits for the job that runs, and begins no other. */
  async onModuleDestroy(): Promise<void> {
    this.isEnding = true;
    await this.round;
    await this.jobs.close();
  }

  private async doAll(): Promise<void> {
    for (const { key, value } of this.jobs.values()) {
      if (this.isEnding) return;
      if (value === open) await this.doUnderLock(key);
    }
  }

  private async doUnderLock(key: string): Promise<void> {
    const id = key.slice(jobsKey.length + 1);
    await using lock = await this.etcd.lock(`worker/${id}`, { ttl: 3 }).tryAcquire();
    // Another worker does it.
    if (lock === undefined) return;
    // The copy may be a moment late: somebody may have done it just before.
    const job = await this.etcd.find(key, { quorum: true });
    if (job?.node.value !== open) return;
    this.logger.log(`Begins ${id}`);
    // What a real job writes elsewhere should carry `lock.fencingToken`, so that a worker that comes too late is refused.
    await sleep(duration, undefined, { signal: lock.signal });
    // In one step: a worker that has lost its lock does not overwrite what the next one has written.
    const done = `done by process ${process.pid}`;
    await this.etcd.compareAndSwap(key, done, { prevValue: open, ttl: job.node.ttl });
    this.logger.log(`Has done ${id}`);
  }
}
