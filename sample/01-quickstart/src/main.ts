import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { InstancesService } from './instances/instances.service.js';

const app = await NestFactory.create(AppModule);
// SIGTERM then ends the application in order: HTTP is drained first, and etcd closes last.
app.enableShutdownHooks();
await app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1');
await app.get(InstancesService).register(await app.getUrl());
