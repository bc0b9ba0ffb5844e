import { Controller, Get } from '@nestjs/common';
import { EtcdLeaders, EtcdService } from 'nestjs-etcd';
import type { Run } from './jobs.service.js';

@Controller('jobs')
export class JobsController {
  constructor(
    private readonly etcd: EtcdService,
    private readonly leaders: EtcdLeaders,
  ) {}

  /** Where the job runs, and when it has run last. */
  @Get()
  async show() {
    const lastRun = await this.etcd.find('/jobs/last-run');
    return {
      isHere: this.leaders.isLeader('jobs'),
      leader: await this.etcd.election('jobs').leader(),
      lastRun: lastRun && (JSON.parse(lastRun.node.value ?? 'null') as Run),
    };
  }
}
