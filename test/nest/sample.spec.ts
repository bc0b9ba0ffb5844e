import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { ETCD_MODULE_OPTIONS } from 'nestjs-etcd';
import { AppModule } from '../../sample/01-quickstart/src/app.module.js';
import { InstancesService } from '../../sample/01-quickstart/src/instances/instances.service.js';
import { JobsService } from '../../sample/01-quickstart/src/jobs/jobs.service.js';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';

describe('The quickstart', () => {
  let etcd: EtcdMember;
  let app: INestApplication;

  beforeAll(async () => {
    etcd = await EtcdMember.start();
    const testing = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(ETCD_MODULE_OPTIONS)
      .useValue({ hosts: etcd.url, timeout: 5_000, tryTimeout: 5_000 })
      .compile();
    app = testing.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    // Its changes would come between those of the tests; one of these runs it.
    for (const job of app.get(SchedulerRegistry).getCronJobs().values()) await job.stop();
  });

  afterAll(async () => {
    await app.close();
    await etcd.stop();
  });

  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${await app.getUrl()}${path}`, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  /** A key's value, asked of etcd itself. */
  const stored = async (key: string) =>
    (JSON.parse((await etcd.request(`/v2/keys${key}`)).body) as { node?: { value: string } }).node?.value;

  const failed = (statusCode: number, code: string) => ({
    status: statusCode,
    body: expect.objectContaining({ statusCode, code }),
  });

  describe('/keys', () => {
    it('sets, reads and removes a key', async () => {
      expect(await ask('PUT', '/keys/a/b', { value: 'one' })).toMatchObject({
        status: 200,
        body: { action: 'set', created: true, node: { key: '/a/b', value: 'one' } },
      });
      expect(await stored('/a/b')).toBe('one');
      expect(await ask('GET', '/keys/a/b?quorum')).toMatchObject({
        status: 200,
        body: { action: 'get', node: { key: '/a/b', value: 'one', dir: false } },
      });
      expect(await ask('DELETE', '/keys/a/b')).toMatchObject({
        status: 200,
        body: { action: 'delete', prevNode: { value: 'one' } },
      });
      expect(await ask('GET', '/keys/a/b')).toEqual(failed(404, 'ETCD_KEY_NOT_FOUND'));
    });

    it('gives a key the seconds to live that are asked for', async () => {
      await ask('PUT', '/keys/mortal', { value: '1', ttl: 100 });
      const { body } = await ask('GET', '/keys/mortal');
      expect((body['node'] as { ttl: number }).ttl).toBeGreaterThan(90);
    });

    it('lists a tree in order', async () => {
      for (const key of ['b/2', 'b/1', 'a']) await ask('PUT', `/keys/tree/${key}`, { value: key });
      expect(await ask('GET', '/keys/tree?recursive=true&sorted=true')).toMatchObject({
        body: {
          node: {
            dir: true,
            children: [
              { key: '/tree/a', value: 'a' },
              { key: '/tree/b', children: [{ key: '/tree/b/1' }, { key: '/tree/b/2' }] },
            ],
          },
        },
      });
      expect(await ask('GET', '/keys/tree?sorted&recursive=false')).toMatchObject({
        body: { node: { children: [{ key: '/tree/a' }, { key: '/tree/b', children: [] }] } },
      });
    });

    it('lists the root', async () => {
      await ask('PUT', '/keys/at-the-root', { value: '1' });
      const { status, body } = await ask('GET', '/keys');
      const { key, children } = body['node'] as { key: string; children: unknown[] };
      expect({ status, key }).toEqual({ status: 200, key: '/' });
      expect(children).toContainEqual(expect.objectContaining({ key: '/at-the-root' }));
    });

    it('keeps segments that need encoding apart', async () => {
      await ask('PUT', '/keys/caf%C3%A9/a%20b%3F', { value: 'odd' });
      expect(await stored('/caf%C3%A9/a%20b%3F')).toBe('odd');
      expect(await ask('GET', '/keys/a%2Fb')).toEqual(failed(400, 'ETCD_INVALID_KEY'));
    });

    it('swaps a value only if it is what the caller saw', async () => {
      const { body } = await ask('PUT', '/keys/swap', { value: '1' });
      const { modifiedIndex } = body['node'] as { modifiedIndex: number };
      expect(await ask('PUT', '/keys/swap', { value: '2', prevIndex: modifiedIndex })).toMatchObject({
        status: 200,
        body: { action: 'compareAndSwap', prevNode: { value: '1' } },
      });
      expect(await ask('PUT', '/keys/swap', { value: '3', prevIndex: modifiedIndex })).toEqual(
        failed(412, 'ETCD_COMPARE_FAILED'),
      );
      expect(await ask('PUT', '/keys/swap', { value: '4', prevValue: '1' })).toEqual(
        failed(412, 'ETCD_COMPARE_FAILED'),
      );
      expect(await stored('/swap')).toBe('2');
      expect(await ask('PUT', '/keys/swap', { value: '5', prevValue: '2', ttl: 60 })).toMatchObject({
        status: 200,
      });
      expect(await stored('/swap')).toBe('5');
    });

    it('adds values to a directory in order', async () => {
      const keys: string[] = [];
      for (const value of ['first', 'second']) {
        const { status, body } = await ask('POST', '/keys/queue', { value });
        expect(status).toBe(201);
        keys.push((body['node'] as { key: string }).key);
      }
      expect(keys).toEqual([...keys].sort());
      expect(await stored(keys[0] as string)).toBe('first');
    });

    it.each([
      ['PUT', '/keys/checked', { value: 7 }],
      ['PUT', '/keys/checked', { value: 'x', prevIdnex: 3 }],
      ['PUT', '/keys/checked', { value: 'x', ttl: -1 }],
      ['POST', '/keys/checked', {}],
      ['GET', '/keys/checked?recursive=yes', undefined],
      ['DELETE', '/keys/checked?sorted', undefined],
    ])('refuses what it does not understand: %s %s %j', async (method, path, body) => {
      expect(await ask(method, path, body)).toMatchObject({ status: 400, body: { error: 'Bad Request' } });
      expect(await stored('/checked')).toBeUndefined();
    });

    it('tells a directory from a file, and removes a whole tree only when told so', async () => {
      await ask('PUT', '/keys/kinds/file', { value: '1' });
      expect(await ask('PUT', '/keys/kinds', { value: '1' })).toEqual(failed(409, 'ETCD_NOT_FILE'));
      expect(await ask('PUT', '/keys/kinds/file/below', { value: '1' })).toEqual(
        failed(409, 'ETCD_NOT_DIRECTORY'),
      );
      expect(await ask('DELETE', '/keys/kinds')).toEqual(failed(409, 'ETCD_NOT_FILE'));
      expect(await ask('DELETE', '/keys/kinds?recursive')).toMatchObject({ status: 200 });
      expect(await ask('GET', '/keys/kinds')).toMatchObject({ status: 404 });
    });
  });

  describe('/directories', () => {
    it('makes and removes directories', async () => {
      expect(await ask('POST', '/directories/made/below')).toMatchObject({
        status: 201,
        body: { node: { key: '/made/below', dir: true } },
      });
      expect(await ask('POST', '/directories/made')).toEqual(failed(409, 'ETCD_KEY_EXISTS'));
      expect(await ask('DELETE', '/directories/made')).toEqual(failed(409, 'ETCD_DIRECTORY_NOT_EMPTY'));
      expect(await ask('DELETE', '/directories/made/below')).toMatchObject({ status: 200 });
      expect(await ask('DELETE', '/directories/made?recursive')).toMatchObject({ status: 200 });
      expect(await ask('DELETE', '/directories/made')).toEqual(failed(404, 'ETCD_KEY_NOT_FOUND'));
    });
  });

  describe('/changes', () => {
    it('tells the last ten changes, also those that others made, and the newest one first', async () => {
      for (let i = 0; i < 10; i++) await ask('PUT', `/keys/changes/${i}`, { value: '1' });
      await etcd.request('/v2/keys/changes/9', { method: 'DELETE' });
      const body = await waitFor(async () => {
        const { body } = await ask('GET', '/changes');
        return (body as unknown as { action: string }[])[0]?.action === 'delete' && body;
      });
      expect(body).toEqual([
        { action: 'delete', key: '/changes/9', index: expect.any(Number) },
        ...[9, 8, 7, 6, 5, 4, 3, 2, 1].map((i) => ({
          action: 'set',
          key: `/changes/${i}`,
          index: expect.any(Number),
        })),
      ]);
    });
  });

  describe('/cluster', () => {
    it('tells members, leader, machines and version', async () => {
      const member = { id: expect.stringMatching(/^[0-9a-f]+$/), name: 'm0', clientURLs: [etcd.url] };
      expect(await ask('GET', '/cluster/members')).toMatchObject({ status: 200, body: [member] });
      expect(await ask('GET', '/cluster/leader')).toMatchObject({ status: 200, body: member });
      expect(await ask('GET', '/cluster/machines')).toEqual({ status: 200, body: [etcd.url] });
      expect(await ask('GET', '/cluster/version')).toMatchObject({
        status: 200,
        body: { server: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
      });
    });
  });

  describe('/jobs', () => {
    it('tells where the job runs, and runs it there', async () => {
      await waitFor(async () => (await ask('GET', '/jobs')).body['isHere'] === true);
      const leader = { value: expect.stringContaining(`:${process.pid}`), term: expect.any(Number) };
      expect(await ask('GET', '/jobs')).toMatchObject({ body: { leader } });
      await app.get(JobsService).run();
      expect(await ask('GET', '/jobs')).toMatchObject({ body: { lastRun: { by: process.pid } } });
    });
  });

  describe('/orders', () => {
    it('lets one request at a time pay an order', async () => {
      const [first, other] = [ask('POST', '/orders/7/pay'), ask('POST', '/orders/8/pay')];
      await waitFor(
        async () => (await etcd.request('/v2/keys/_locks/orders%252F7')).body.includes('"nodes"'),
        { interval: 5 },
      );
      expect(await ask('POST', '/orders/7/pay')).toEqual(failed(409, 'ETCD_LOCK_NOT_ACQUIRED'));
      expect(await first).toMatchObject({ status: 201, body: { id: '7', paid: true } });
      expect(await other).toMatchObject({ status: 201, body: { id: '8', paid: true } });
    });
  });

  describe('/instances', () => {
    it('lists the processes that run', async () => {
      await app.get(InstancesService).register('http://127.0.0.1:3000');
      await waitFor(async () => {
        const { body } = await ask('GET', '/instances');
        return (body as unknown as unknown[]).length === 1;
      });
      expect((await ask('GET', '/instances')).body).toEqual([
        { id: expect.any(String), url: 'http://127.0.0.1:3000', metadata: { pid: process.pid } },
      ]);
    });
  });

  describe('/health', () => {
    it('is 200 with etcd, and 503 without, as everything else is then', async () => {
      expect(await ask('GET', '/health')).toEqual({
        status: 200,
        body: { healthy: true, members: [{ endpoint: etcd.url, healthy: true }] },
      });
      await etcd.kill();
      expect(await ask('GET', '/health')).toMatchObject({
        status: 503,
        body: { healthy: false, members: [{ healthy: false, reason: expect.any(String) }] },
      });
      expect(await ask('GET', '/keys/any')).toEqual(failed(503, 'ETCD_CONNECTION'));
      await etcd.restart();
    });
  });
});
