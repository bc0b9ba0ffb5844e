import {
  type MiddlewareConsumer,
  Module,
  type NestModule,
  StandardSchemaValidationPipe,
} from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { EtcdExceptionFilter, EtcdModule } from 'nestjs-etcd';
import { DemoController } from './demo/demo.controller.js';
import { DemoService } from './demo/demo.service.js';
import { ElectionController } from './election/election.controller.js';
import { ElectionService } from './election/election.service.js';
import { HealthService } from './health/health.service.js';
import { SamplesService } from './health/samples.service.js';
import { InstancesController } from './instances/instances.controller.js';
import { InstancesService } from './instances/instances.service.js';
import { ReplicasService } from './instances/replicas.service.js';
import { KeysController } from './keys/keys.controller.js';
import { KeysService } from './keys/keys.service.js';
import { LiveController } from './live/live.controller.js';
import { LiveService } from './live/live.service.js';
import { LocksController } from './queues/locks.controller.js';
import { LocksService } from './queues/locks.service.js';
import { QueuesService } from './queues/queues.service.js';
import { PageController } from './page/page.controller.js';
import { RequestCheck } from './page/request-check.middleware.js';

@Module({
  imports: [
    ScheduleModule.forRoot(),
    EtcdModule.forRootAsync({
      useFactory: () => ({ hosts: (process.env['ETCD_HOSTS'] ?? 'http://127.0.0.1:2379').split(',') }),
    }),
  ],
  controllers: [
    PageController,
    LiveController,
    KeysController,
    ElectionController,
    LocksController,
    InstancesController,
    DemoController,
  ],
  providers: [
    LiveService,
    KeysService,
    QueuesService,
    ElectionService,
    LocksService,
    InstancesService,
    ReplicasService,
    HealthService,
    SamplesService,
    DemoService,
    // Checks bodies against the schemas that the controllers name.
    { provide: APP_PIPE, useClass: StandardSchemaValidationPipe },
    // Answers 404, 409, 412 … where etcd says so, and 503 while it cannot be reached.
    { provide: APP_FILTER, useClass: EtcdExceptionFilter },
  ],
})
export class AppModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(RequestCheck).forRoutes('{*path}');
  }
}
