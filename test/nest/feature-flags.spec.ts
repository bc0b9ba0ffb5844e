import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ETCD_MODULE_OPTIONS } from 'nestjs-etcd';
import { EtcdClient } from 'nestjs-etcd/client';

import { AppModule } from '../../sample/04-feature-flags/src/app.module.js';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';

const defaults = { checkout: true, 'free-shipping': false, discount: 0 };

describe('The sample with feature flags', () => {
  let member: EtcdMember;
  let etcd: EtcdClient;
  let app: INestApplication;
  beforeAll(async () => {
    member = await EtcdMember.start();
    etcd = new EtcdClient({ hosts: member.url, ...patient });
    const testing = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(ETCD_MODULE_OPTIONS)
      .useValue({ hosts: member.url })
      .compile();
    app = testing.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
  });
  afterEach(async () => {
    await etcd.delete('/flags', { recursive: true });
    await waitFor(async () => (await ask('/flags')).body === JSON.stringify(defaults));
  });
  afterAll(async () => {
    await app.close();
    await etcd.close();
    await member.stop();
  });

  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`${await app.getUrl()}${path}`, { method });
    return { status: response.status, body: await response.text() };
  };
  const price = async (wanted: number) =>
    waitFor(async () => (await ask('/shop/price')).body === `{"price":${wanted}}`, {
      what: `the price ${wanted}`,
    });

  it('has its defaults while nobody has said anything', async () => {
    expect(JSON.parse((await ask('/flags')).body)).toEqual(defaults);
    await etcd.set('/flags/shop/unknown', 'x');
  });

  it('follows a value, and refuses one that is none', async () => {
    await price(100);
    await etcd.set('/flags/shop/discount', '20');
    await price(80);
    await etcd.set('/flags/shop/discount', 'lots');
    await etcd.set('/flags/shop/free-shipping', 'true');
    // All flags stay as they were, until they are right again.
    expect((await ask('/shop/shipping')).status).toBe(404);
    await price(80);
    await etcd.set('/flags/shop/discount', '50');
    await price(50);
    expect(await ask('/shop/shipping')).toEqual({ status: 200, body: '{"costs":0}' });
  });

  it('has routes that come and go with their flags', async () => {
    expect((await ask('/shop/orders', 'POST')).status).toBe(201);
    await etcd.set('/flags/shop/checkout', 'false');
    await waitFor(async () => (await ask('/shop/orders', 'POST')).status === 404);
  });

  it('tells changes as they come', async () => {
    const end = new AbortController();
    const response = await fetch(`${await app.getUrl()}/flags/changes`, { signal: end.signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    const reading = (async () => {
      for (;;) {
        const read = await reader?.read();
        if (read === undefined || read.done) return;
        seen += read.value;
      }
    })().catch(() => undefined);
    await waitFor(() => seen.includes('"discount":0'));
    await etcd.set('/flags/shop/discount', '30');
    await waitFor(() => seen.includes('"discount":30'));
    end.abort();
    await reading;
    expect(seen.match(/"discount":/g)).toHaveLength(2);
  });
});
