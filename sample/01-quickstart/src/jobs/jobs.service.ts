import { Injectable, Logger } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { EtcdLeader, EtcdService, LeaderOnly, type EtcdLeaderContext } from 'nestjs-etcd';

/** What the leader's job has done last. */
export interface Run {
  readonly by: number;
  readonly at: string;
}

@Injectable()
export class JobsService {
  private readonly logger = new Logger(JobsService.name);

  constructor(private readonly etcd: EtcdService) {}

  /** Of all processes, one leads. */
  @EtcdLeader('jobs', { ttl: 5 })
  lead({ term }: EtcdLeaderContext): void {
    this.logger.log(`The jobs run here now (process ${process.pid}, term ${term})`);
  }

  /** The cron job fires in every process, and runs in the one that leads. */
  @Cron('*/5 * * * * *')
  @LeaderOnly('jobs')
  async run(): Promise<void> {
    const run: Run = { by: process.pid, at: new Date().toISOString() };
    await this.etcd.set('/jobs/last-run', JSON.stringify(run));
    this.logger.log('The job has run');
  }
}
