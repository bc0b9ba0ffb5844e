import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { TerminusModule } from '@nestjs/terminus';
import { EtcdConfigModule, EtcdModule } from 'nestjs-etcd';
import { EtcdHealthIndicator } from 'nestjs-etcd/terminus';

import { HealthController } from './health.controller.js';
import { Journal } from './journal.js';
import { patient } from './patient.js';
import { Jobs, LockedController } from './locked.controller.js';
import { SettingsController, shop } from './settings.controller.js';
import { ValuesController } from './values.controller.js';

@Module({
  imports: [
    EtcdModule.forRoot({ hosts: [process.env.ETCD_URL ?? ''], ...patient, isGlobal: true }),
    EtcdConfigModule.forRoot({ prefix: '/config/shop' }),
    ConfigModule.forRoot({ load: [shop] }),
    TerminusModule.forRoot({ logger: false }),
  ],
  controllers: [HealthController, LockedController, SettingsController, ValuesController],
  providers: [EtcdHealthIndicator, Jobs, Journal],
})
export class AppModule {}
