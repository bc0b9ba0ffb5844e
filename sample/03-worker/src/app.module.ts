import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { EtcdModule } from 'nestjs-etcd';
import { JobsService } from './jobs/jobs.service.js';
import { PlanService } from './plan/plan.service.js';

@Module({
  imports: [
    ScheduleModule.forRoot(),
    EtcdModule.forRootAsync({
      useFactory: () => ({ hosts: (process.env['ETCD_HOSTS'] ?? 'http://127.0.0.1:2379').split(',') }),
    }),
  ],
  providers: [PlanService, JobsService],
})
export class AppModule {}
