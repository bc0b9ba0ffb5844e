import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

// No HTTP: providers alone, which the timers and watches of the application keep alive.
const app = await NestFactory.createApplicationContext(AppModule);
// SIGTERM then ends it in order: the job that runs is finished, the lead and the locks are given back, and etcd closes last.
app.enableShutdownHooks();
