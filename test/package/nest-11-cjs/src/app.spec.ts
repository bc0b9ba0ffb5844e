import { Test } from '@nestjs/testing';
import { EtcdService } from 'nestjs-etcd';
import { EtcdClient } from 'nestjs-etcd/client';

import { AppModule } from './app.module';
import { locked, lockedAnswers, roundTrip } from './round-trip';

describe('A Nest 11 application under CommonJS jest', () => {
  it('reads through its routes what it has written', async () => {
    const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app = testing.createNestApplication();
    expect(await roundTrip(app, 'jest', 'from jest')).toEqual({ value: 'from jest' });
    expect(await locked(app)).toEqual(lockedAnswers);
    expect(app.get(EtcdService)).toBeInstanceOf(EtcdClient);
    await app.close();
  });
});
