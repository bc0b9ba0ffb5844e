import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, type INestApplication, Inject } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { ExpressAdapter } from '@nestjs/platform-express';
import { EtcdModule, EtcdOptionsError, EtcdService } from 'nestjs-etcd';
import { EtcdHealthIndicator } from 'nestjs-etcd/terminus';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { listen } from './locking.js';

@Controller('health')
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(EtcdHealthIndicator) private readonly etcd: EtcdHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([
      () => this.etcd.machines('machines', { timeout: 300, cacheFor: 0 }),
      () => this.etcd.leader('leader', { timeout: 300, cacheFor: 0 }),
      () => this.etcd.version('version', { range: '>=3.4', timeout: 300, cacheFor: 0 }),
      () => this.etcd.connection('connection', { timeout: 300, cacheFor: 0 }),
      () => this.etcd.connection('audit', { connection: 'audit', timeout: 300, cacheFor: 0 }),
    ]);
  }
}

describe('EtcdHealthIndicator', () => {
  let etcd: EtcdMember;
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    etcd = await EtcdMember.start({ proxy: true });
    const options = { hosts: etcd.url, sync: false, logger: silent };
    ({ app, url } = await listen(new ExpressAdapter(), options, {
      imports: [EtcdModule.forRoot({ ...options, name: 'audit' }), TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController],
      providers: [EtcdHealthIndicator],
    }));
  });
  afterAll(async () => {
    await app.close();
    await etcd.stop();
  });

  const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
  const ask = async () => {
    const response = await fetch(`${url}/health`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('is up with etcd, down without, and up again', async () => {
    const up = {
      status: 200,
      body: {
        status: 'ok',
        info: {
          machines: { status: 'up', members: 1, away: [] },
          leader: { status: 'up' },
          version: { status: 'up', servers: { [etcd.url]: expect.any(String) }, range: '>=3.4' },
          connection: { status: 'up' },
          audit: { status: 'up' },
        },
      },
    };
    const isUp = () => waitFor(async () => expect(await ask()).toMatchObject(up) === undefined);
    await isUp();
    etcd.proxy?.blackHole(true);
    const begin = performance.now();
    const down = await ask();
    // The client itself would wait for 5 s.
    expect(performance.now() - begin).toBeLessThan(3_000);
    expect(down).toMatchObject({
      status: 503,
      body: {
        status: 'error',
        error: {
          machines: { status: 'down', away: [etcd.url], reasons: { [etcd.url]: expect.any(String) } },
          leader: { status: 'down' },
          version: { status: 'down' },
          connection: { status: 'down' },
          audit: { status: 'down' },
        },
      },
    });
    etcd.proxy?.blackHole(false);
    await isUp();
  });

  it('asks once for checks at the same time, and again when a result is old', async () => {
    const indicator = app.get(EtcdHealthIndicator);
    const machines = jest.spyOn(app.get(EtcdService).checks, 'machines');
    const results = await Promise.all(
      ['one', 'two'].map((key) => indicator.connection(key, { cacheFor: 10_000 })),
    );
    expect(results.flatMap((result) => Object.keys(result))).toEqual(['one', 'two']);
    await indicator.connection('three', { cacheFor: 10_000 });
    expect(machines).toHaveBeenCalledTimes(1);
    await indicator.connection('four', { cacheFor: 0 });
    await indicator.connection('five', { cacheFor: 0 });
    expect(machines).toHaveBeenCalledTimes(3);
  });

  it('refuses wrong options, and a connection that nobody makes', async () => {
    const indicator = app.get(EtcdHealthIndicator);
    await expect(indicator.leader('a', { timeout: -1 })).rejects.toThrow(/^`timeout`/);
    await expect(indicator.version('a', { range: 'new' })).rejects.toBeInstanceOf(EtcdOptionsError);
    await expect(indicator.connection('a', { connection: 'none' })).rejects.toThrow(
      "`connection`: the connection 'none' is made by no module",
    );
  });
});
