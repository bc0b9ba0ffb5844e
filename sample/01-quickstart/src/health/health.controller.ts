import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { EtcdService, type EtcdHealth } from 'nestjs-etcd';

@Controller('health')
export class HealthController {
  constructor(private readonly etcd: EtcdService) {}

  /** 200 while a member can read through raft, and 503 otherwise. */
  @Get()
  async check(): Promise<EtcdHealth> {
    const health = await this.etcd.health({ timeout: 2_000 });
    if (!health.healthy) throw new ServiceUnavailableException(health);
    return health;
  }
}
