import { deepStrictEqual } from 'node:assert';

import { NestFactory } from '@nestjs/core';

import { AppModule } from './app.module';
import { locked, lockedAnswers, roundTrip } from './round-trip';

async function main() {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  try {
    deepStrictEqual(await roundTrip(app, 'nest-11', 'from a CommonJS application'), {
      value: 'from a CommonJS application',
    });
    deepStrictEqual(await locked(app), lockedAnswers);
  } finally {
    // Nothing ends the process after this: it has to end by itself.
    await app.close();
  }
}

void main();
