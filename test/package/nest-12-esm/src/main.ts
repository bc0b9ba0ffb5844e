import { deepStrictEqual } from 'node:assert';

import { NestFactory } from '@nestjs/core';

import { AppModule } from './app.module.js';
import { roundTrip } from './round-trip.js';

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
try {
  deepStrictEqual(await roundTrip(app, 'nest-12', 'from an ESM application'), {
    value: 'from an ESM application',
  });
} finally {
  // Nothing ends the process after this: it has to end by itself.
  await app.close();
}
