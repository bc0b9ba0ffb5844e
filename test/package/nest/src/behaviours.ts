import { deepStrictEqual, strictEqual } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';

import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EtcdService } from 'nestjs-etcd';
import { EtcdClient } from 'nestjs-etcd/client';
import { EmbeddedEtcd, EtcdTestingModule } from 'nestjs-etcd/testing';

import { Journal } from './journal.js';
import { patient } from './patient.js';

/** Writes what the application reads when it starts, and resolves to the client, which is to be closed. */
export async function prepare(): Promise<EtcdClient> {
  const etcd = new EtcdClient({ hosts: process.env.ETCD_URL ?? '', ...patient });
  await etcd.set('/config/shop/title', 'Tea');
  return etcd;
}

/** What the package has to do in a running application, whichever way it was loaded. */
export const behaviours: Record<string, (app: INestApplication, etcd: EtcdClient) => Promise<void>> = {
  'reads through a route what another one has written, and tells of it': async (app) => {
    const journal = app.get(Journal);
    await journal.has('guard etcd');
    const value = `at ${Date.now()}`;
    const url = `${await app.getUrl()}/values/key`;
    const headers = { 'content-type': 'application/json' };
    const written = await fetch(url, { method: 'PUT', headers, body: JSON.stringify({ value }) });
    strictEqual(written.status, 200);
    await journal.has('filter etcd /key');
    deepStrictEqual(await read(url), { value });
  },
  'locks a request and a method': async (app) => {
    const answer = await fetch(`${await app.getUrl()}/locked`, { method: 'POST' });
    deepStrictEqual(await json(answer), { lock: 'locked', job: 'a under jobs/a' });
  },
  'leads, and runs what the leader does': async (app) => {
    deepStrictEqual(await read(`${await app.getUrl()}/locked/term`), { isNegative: true });
  },
  'says by Terminus how etcd is': async (app) => {
    const url = `${await app.getUrl()}/health`;
    const { status, info } = (await read(url)) as {
      status: string;
      info: Record<string, { status: string }>;
    };
    deepStrictEqual([status, Object.keys(info)], ['ok', ['connection', 'leader', 'machines', 'version']]);
    const old = await fetch(`${url}/old`);
    const { error } = (await json(old)) as { error: Record<string, { status: string; range: string }> };
    deepStrictEqual([old.status, error.version?.status, error.version?.range], [503, 'down', '<1.0']);
  },
  'follows its configuration': async (app, etcd) => {
    const url = `${await app.getUrl()}/settings`;
    deepStrictEqual(await read(url), ['Tea', 'Tea', 'Tea', 'Tea']);
    await etcd.set('/config/shop/title', 'Coffee');
    while (new Set(['Coffee', ...((await read(url)) as string[])]).size > 1) await sleep(10);
    await etcd.set('/config/shop/title', 'Tea');
  },
  'has one class, whichever entry point it comes from': async (app) => {
    strictEqual(app.get(EtcdService) instanceof EtcdClient, true);
  },
  'brings a server of its own along for tests': async () => {
    const module = EtcdTestingModule.forRoot({ client: patient });
    const app = await NestFactory.createApplicationContext(module, { logger: false });
    const etcd = app.get(EtcdService, { strict: false });
    await etcd.set('/a', '1');
    strictEqual((await etcd.get('/a')).node.value, '1');
    strictEqual(app.get(EmbeddedEtcd, { strict: false }).requests.at(-1)?.method, 'GET');
    await app.close();
  },
};

async function read(url: string): Promise<unknown> {
  const answer = await fetch(url);
  strictEqual(answer.status, 200, url);
  return json(answer);
}

/** Parsed here, because what `fetch` parses is of another realm under jest, and never deeply equal. */
async function json(answer: Response): Promise<unknown> {
  return JSON.parse(await answer.text());
}
