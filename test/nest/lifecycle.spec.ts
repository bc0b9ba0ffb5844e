import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type BeforeApplicationShutdown,
  Controller,
  Get,
  type INestApplicationContext,
  Injectable,
  Module,
  type OnModuleDestroy,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { EtcdClient, EtcdModule, type EtcdModuleOptions, EtcdService, InjectEtcd } from 'nestjs-etcd';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { CapturingLogger } from './capturing-logger.js';

/** Resolves to how long `work` took, in ms. */
async function duration(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Something that happens once, and can be waited for. */
function moment(): { happened: Promise<void>; happen: () => void } {
  let happen!: () => void;
  const happened = new Promise<void>((resolve) => (happen = resolve));
  return { happened, happen };
}

describe("EtcdService's life in an application", () => {
  let etcd: EtcdMember;

  beforeAll(async () => {
    etcd = await EtcdMember.start({ proxy: true });
  });

  afterAll(() => etcd.stop());

  const build = async (options: EtcdModuleOptions) => {
    const testing = await Test.createTestingModule({ imports: [EtcdModule.forRoot(options)] }).compile();
    return { app: testing as INestApplicationContext, service: testing.get(EtcdService) };
  };

  describe('at the start', () => {
    // Accepts connections and never answers: the failure that lasts longest.
    beforeAll(() => etcd.proxy?.blackHole(true));
    afterAll(() => etcd.proxy?.blackHole(false));

    it('starts without etcd when it is lazy, and sends nothing', async () => {
      const before = etcd.proxy?.connections;
      const { app } = await build({ hosts: etcd.url });
      await app.init();
      expect(etcd.proxy?.connections).toBe(before);
      await app.close();
    });

    it('rejects the start within the timeout when it is eager and etcd is silent', async () => {
      const { app, service } = await build({ hosts: etcd.url, connect: 'eager', timeout: 700 });
      const took = await duration(async () => {
        await expect(app.init()).rejects.toMatchObject({
          message: expect.stringMatching(
            /^EtcdModule: the application does not start.*GET \/v2\/auth\/enable.*within 700 ms/,
          ),
          cause: { name: expect.stringMatching(/^Etcd(Connection|Timeout)Error$/) },
        });
      });
      expect(took).toBeGreaterThan(500);
      expect(took).toBeLessThan(3_500);
      // Nothing of it stays open, although Nest runs no hooks for an application that did not start.
      await expect(service.get('/')).rejects.toMatchObject({ code: 'ETCD_CLOSED' });
    });

    it('ends the check when the application is closed meanwhile', async () => {
      const { app } = await build({ hosts: etcd.url, connect: 'eager', timeout: 700 });
      const took = await duration(async () => {
        const init = app.init();
        await Promise.all([expect(init).rejects.toThrow('does not start'), app.close()]);
      });
      expect(took).toBeLessThan(3_500);
    });

    it('ends the check at once when the client is closed', async () => {
      const { app, service } = await build({ hosts: etcd.url, connect: 'eager', timeout: 60_000 });
      const connections = etcd.proxy?.connections ?? 0;
      const init = app.init();
      await waitFor(() => (etcd.proxy?.connections ?? 0) > connections);
      const took = await duration(async () => {
        await Promise.all([
          expect(init).rejects.toMatchObject({ cause: { code: 'ETCD_CLOSED' } }),
          service.close(),
        ]);
      });
      expect(took).toBeLessThan(10_000);
    });
  });

  describe('at the end', () => {
    it('closes with the application, again and without a start too', async () => {
      const { app, service } = await build({ hosts: etcd.url });
      await service.set('/closing', '1');
      await app.close();
      await expect(service.get('/closing')).rejects.toMatchObject({ code: 'ETCD_CLOSED' });
      await app.close();
      await service.close();
      expect(await service.onApplicationShutdown()).toBeUndefined();
    });

    it('ends what still runs when it closes', async () => {
      const { app, service } = await build({ hosts: etcd.url, timeout: 60_000, tryTimeout: 60_000 });
      await service.version();
      etcd.proxy?.blackHole(true);
      const [read, took] = await Promise.all([
        service.get('/closing').catch((error: unknown) => error),
        duration(() => app.close()),
      ]);
      etcd.proxy?.blackHole(false);
      expect(read).toMatchObject({ code: 'ETCD_CLOSED' });
      expect(took).toBeLessThan(10_000);
    });

    it('serves requests in flight and the hooks of others until HTTP has been drained', async () => {
      const entered = moment();
      const closing = moment();
      const drained = moment();
      const hooks: string[] = [];

      /** Closes where many modules do: as soon as the shutdown begins. */
      @Injectable()
      class EarlyClient extends EtcdClient implements OnModuleDestroy {
        constructor() {
          super({ hosts: etcd.url });
        }

        onModuleDestroy() {
          return this.close();
        }
      }

      @Controller()
      class SlowController implements OnModuleDestroy, BeforeApplicationShutdown {
        constructor(
          private readonly service: EtcdService,
          private readonly early: EarlyClient,
        ) {}

        @Get()
        async slow() {
          entered.happen();
          await drained.happened;
          const early = await this.early.get('/slow').catch((error: { code: string }) => error.code);
          return { value: (await this.service.get('/slow')).node.value, early };
        }

        async onModuleDestroy() {
          await this.service.set('/slow', 'read');
          hooks.push('onModuleDestroy');
        }

        async beforeApplicationShutdown() {
          await this.service.get('/slow');
          hooks.push('beforeApplicationShutdown');
          closing.happen();
        }
      }

      @Module({
        imports: [EtcdModule.forRoot({ hosts: etcd.url })],
        controllers: [SlowController],
        providers: [EarlyClient],
      })
      class AppModule {}

      const app = await NestFactory.create(AppModule, { logger: false });
      await app.listen(0, '127.0.0.1');
      // Without keep-alive, so that the server ends as soon as it has answered.
      const response = fetch(await app.getUrl(), { headers: { connection: 'close' } });
      await entered.happened;
      const closed = app.close();
      await closing.happened;
      drained.happen();
      expect(await (await response).json()).toEqual({ value: 'read', early: 'ETCD_CLOSED' });
      await closed;
      expect(hooks).toEqual(['onModuleDestroy', 'beforeApplicationShutdown']);
      await expect(app.get(EtcdService).get('/slow')).rejects.toMatchObject({ code: 'ETCD_CLOSED' });
    });
  });

  it("writes one line when etcd is lost and one when it is back, to the application's logger", async () => {
    @Injectable()
    class Clients {
      constructor(
        readonly main: EtcdService,
        @InjectEtcd('audit') readonly audit: EtcdService,
      ) {}
    }
    const options = { hosts: etcd.url };
    const logger = new CapturingLogger();
    const app = await Test.createTestingModule({
      imports: [EtcdModule.forRoot(options), EtcdModule.forRoot({ ...options, name: 'audit' })],
      providers: [Clients],
    })
      .setLogger(logger)
      .compile();
    await app.init();
    const { main, audit } = app.get(Clients);
    const answers = async (limits = {}) => {
      const calls = [main, audit].map((client) => client.version(limits));
      return (await Promise.allSettled(calls)).map(({ status }) => status);
    };
    expect(await answers()).toEqual(['fulfilled', 'fulfilled']);

    await etcd.kill();
    for (let i = 0; i < 3; i++) {
      expect(await answers({ timeout: 400 })).toEqual(['rejected', 'rejected']);
    }
    await etcd.restart();
    await waitFor(async () => (await answers()).every((status) => status === 'fulfilled'));
    expect(await answers()).toEqual(['fulfilled', 'fulfilled']);

    for (const context of ['EtcdModule', 'EtcdModule:audit']) {
      expect(logger.of(context)).toEqual([
        { level: 'error', message: expect.stringContaining('The etcd cluster is lost'), context },
        { level: 'log', message: expect.stringContaining('The etcd cluster is back'), context },
      ]);
    }
    await app.close();
  });

  it('writes to the logger of its options instead, where there is one', async () => {
    const own = new CapturingLogger();
    const nests = new CapturingLogger();
    const app = await Test.createTestingModule({
      imports: [EtcdModule.forRoot({ hosts: '127.0.0.1:1', timeout: 2_000, logger: own })],
    })
      .setLogger(nests)
      .compile();
    await expect(app.get(EtcdService).version()).rejects.toMatchObject({ code: 'ETCD_CONNECTION' });
    expect(own.lines).toHaveLength(1);
    expect(nests.of('EtcdModule')).toEqual([]);
    await app.close();
  });
});
