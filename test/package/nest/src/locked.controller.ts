import { Controller, Get, Injectable, Post, UseGuards } from '@nestjs/common';
import {
  CurrentLock,
  EtcdLeader,
  type EtcdLeaderContext,
  EtcdLock,
  type EtcdLockHandle,
  getCurrentLock,
  LeaderOnly,
  LockGuard,
  WithLock,
} from 'nestjs-etcd';

@Injectable()
export class Jobs {
  term = 0;

  @EtcdLeader('jobs')
  lead({ term }: EtcdLeaderContext) {
    this.term = term;
  }

  @LeaderOnly('jobs')
  async job() {
    this.term = -this.term;
  }

  @WithLock((name: string) => `jobs/${name}`)
  async run(name: string) {
    return `${name} under ${getCurrentLock()?.name}`;
  }
}

@Controller('locked')
export class LockedController {
  constructor(private readonly jobs: Jobs) {}

  @Post()
  @UseGuards(LockGuard)
  @EtcdLock('locked')
  async take(@CurrentLock() lock: EtcdLockHandle) {
    return { lock: lock.name, job: await this.jobs.run('a') };
  }

  @Get('term')
  async term() {
    while (this.jobs.term === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await this.jobs.job();
    return { isNegative: this.jobs.term < 0 };
  }
}
