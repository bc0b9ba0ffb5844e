import { Injectable, Logger } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { EtcdKeyExistsError, EtcdService, LeaderOnly } from 'nestjs-etcd';
import { jobsKey, open } from '../jobs/job.js';

/** Seconds after which a job is forgotten, whether it was done or not. */
const ttl = 600;

/** Says what is to be done. The timer fires in every worker, and the method runs in the one that leads. */
@Injectable()
export class PlanService {
  private readonly logger = new Logger(PlanService.name);

  constructor(private readonly etcd: EtcdService) {}

  @Cron('*/2 * * * * *')
  @LeaderOnly('worker', { ttl: 3 })
  async plan(): Promise<void> {
    // The job is named by its time, so that a second leader in the same moment does not plan it twice.
    const id = new Date().toISOString().slice(0, 19);
    try {
      await this.etcd.create(`${jobsKey}/${id}`, open, { ttl });
      this.logger.log(`Planned ${id}`);
    } catch (error) {
      if (!(error instanceof EtcdKeyExistsError)) this.logger.warn(`${id} was not planned: ${String(error)}`);
    }
  }
}
