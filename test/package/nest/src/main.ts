import { NestFactory } from '@nestjs/core';

import { AppModule } from './app.module.js';
import { behaviours, prepare } from './behaviours.js';

async function main() {
  const etcd = await prepare();
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  try {
    await app.listen(0, '127.0.0.1');
    for (const [name, behaves] of Object.entries(behaviours)) {
      await behaves(app, etcd);
      process.stdout.write(`  ${name}\n`);
    }
  } finally {
    // Nothing ends the process after this: it has to end by itself.
    await app.close();
    await etcd.close();
  }
}

void main();
