import { Module, StandardSchemaValidationPipe } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { EtcdExceptionFilter, EtcdModule } from 'nestjs-etcd';
import { ChangesController } from './changes/changes.controller.js';
import { ClusterController } from './cluster/cluster.controller.js';
import { DirectoriesController } from './directories/directories.controller.js';
import { HealthController } from './health/health.controller.js';
import { KeysController } from './keys/keys.controller.js';

@Module({
  imports: [
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
  ],
  providers: [
    // Checks bodies and queries against the schemas that the controllers name.
    { provide: APP_PIPE, useClass: StandardSchemaValidationPipe },
    // Answers 404, 409, 412 … where etcd says so, and 503 while it cannot be reached.
    { provide: APP_FILTER, useClass: EtcdExceptionFilter },
  ],
})
export class AppModule {}
