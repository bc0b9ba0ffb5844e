import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { EtcdClient } from 'nestjs-etcd/client';

import { AppModule } from './app.module.js';
import { behaviours, prepare } from './behaviours.js';

describe('A Nest 11 application under CommonJS jest', () => {
  let etcd: EtcdClient;
  let app: INestApplication;

  beforeAll(async () => {
    etcd = await prepare();
    app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication();
    await app.listen(0, '127.0.0.1');
  });
  afterAll(async () => {
    await app.close();
    await etcd.close();
  });

  it.each(Object.entries(behaviours))('%s', async (_name, behaves) => {
    await expect(behaves(app, etcd)).resolves.toBeUndefined();
  });
});
