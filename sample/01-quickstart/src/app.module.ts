import { Module, StandardSchemaValidationPipe } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { EtcdExceptionFilter, EtcdModule } from 'nestjs-etcd';
import { ChangesController } from './changes/changes.controller.js';
import { ClusterController } from './cluster/cluster.controller.js';
import { DirectoriesController } from './directories/directories.controller.js';
import { HealthController } from './health/health.controller.js';
import { InstancesController } from './instances/instances.controller.js';
import { InstancesService } from './instances/instances.service.js';
import { JobsController } from './jobs/jobs.controller.js';
import { JobsService } from './jobs/jobs.service.js';
import { KeysController } from './keys/keys.controller.js';
import { OrdersController } from './orders/orders.controller.js';

@Module({
  imports: [
    ScheduleModule.forRoot(),
    EtcdModule.forRootAsync({
      useFactory: () => ({ hosts: (process.env['ETCD_HOSTS'] ?? 'http://127.0.0.1:2379').split(',') }),
    }),
  ],
  controllers: [
    KeysController,
    DirectoriesController,
    ChangesController,
    ClusterController,
    HealthController,
    JobsController,
    OrdersController,
    InstancesController,
  ],
  providers: [
    JobsService,
    InstancesService,
    // Checks bodies and queries against the schemas that the controllers name.
    { provide: APP_PIPE, useClass: StandardSchemaValidationPipe },
    // Answers 404, 409, 412 … where etcd says so, and 503 while it cannot be reached.
    { provide: APP_FILTER, useClass: EtcdExceptionFilter },
  ],
})
export class AppModule {}
