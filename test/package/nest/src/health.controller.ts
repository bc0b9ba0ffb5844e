import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
import { EtcdHealthIndicator } from 'nestjs-etcd/terminus';

import { patient } from './patient.js';

const { timeout } = patient;

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly etcd: EtcdHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  healthy() {
    return this.health.check([
      () => this.etcd.connection('connection', { timeout }),
      () => this.etcd.leader('leader', { timeout }),
      () => this.etcd.machines('machines', { timeout }),
      () => this.etcd.version('version', { timeout, range: '>=3.4' }),
    ]);
  }

  /** A server of another version is down, which Terminus makes a 503. */
  @Get('old')
  @HealthCheck()
  old() {
    return this.health.check([() => this.etcd.version('version', { timeout, range: '<1.0' })]);
  }
}
