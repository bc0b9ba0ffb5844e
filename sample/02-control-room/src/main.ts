import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { EmbeddedEtcd } from 'nestjs-etcd/testing';
import { AppModule } from './app.module.js';
import { InstancesService } from './instances/instances.service.js';

// Without an etcd to connect to, one runs in this process, and the demo fills it.
const embedded = process.env['ETCD_HOSTS'] ? undefined : await EmbeddedEtcd.start();
if (embedded !== undefined) {
  process.env['ETCD_HOSTS'] = embedded.url;
  process.env['DEMO'] ??= 'on';
}

const app = await NestFactory.create<NestExpressApplication>(AppModule);
let ending: Promise<void> | undefined;
const end = (): Promise<void> => (ending ??= endInOrder());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end());
// A replica ends with the process that has started it, however that ends.
process.once('disconnect', () => void end());

/** The application before the server, because it gives back its lead and its locks. */
async function endInOrder(): Promise<void> {
  await app.close();
  await embedded?.stop();
  // The channel to the process that has started this one would keep it alive.
  if (process.connected) process.disconnect();
}

await app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1');
await app.get(InstancesService).register(await app.getUrl());
