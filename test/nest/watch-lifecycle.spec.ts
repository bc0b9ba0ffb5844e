import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  EtcdClient,
  type EtcdEvent,
  EtcdModule,
  type EtcdModuleOptions,
  EtcdService,
  EtcdWatch,
} from 'nestjs-etcd';
import { EtcdWatchOrchestrator } from '../../lib/watch/index.js';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { Watching } from './watching.js';

/** Something that happens once, and can be waited for. */
function moment(): { happened: Promise<void>; happen: () => void } {
  let happen!: () => void;
  const happened = new Promise<void>((resolve) => (happen = resolve));
  return { happened, happen };
}

describe('The watches of an application', () => {
  let etcd: EtcdMember;
  let outside: EtcdClient;
  let seen: EtcdEvent[];

  beforeAll(async () => {
    etcd = await EtcdMember.start({ proxy: true });
    outside = new EtcdClient({ hosts: etcd.directUrl, sync: false, ...patient });
  });

  afterAll(async () => {
    await outside.close();
    await etcd.stop();
  });

  beforeEach(() => {
    seen = [];
  });

  @Injectable()
  class Seeing {
    @EtcdWatch('/seeing', { recursive: true, initial: true })
    onChange(event: EtcdEvent) {
      seen.push(event);
    }
  }

  it.each<[string, () => unknown, () => unknown]>([
    ['silent', () => etcd.proxy?.blackHole(true), () => etcd.proxy?.blackHole(false)],
    ['away', () => etcd.proxy?.refuse(), () => etcd.proxy?.accept()],
  ])(
    'do not keep it from starting or from closing while etcd is %s, and begin when that is back',
    async (_, lose, restore) => {
      await lose();
      await using app = await Watching.start(
        { options: { hosts: etcd.url, timeout: 400 }, providers: [Seeing] },
        0,
      );
      await using closed = await Watching.start({ options: { hosts: etcd.url }, providers: [Seeing] }, 0);
      await closed.app.close();
      expect([app.told, seen]).toEqual([[], []]);
      await restore();
      await app.ready(1);
      await waitFor(() => seen.length === 1);
      expect(closed.told).toEqual([]);
    },
  );

  describe('when it shuts down', () => {
    it('give their handlers nothing more, and wait for the one that runs, which can use etcd', async () => {
      const entered = moment();
      const closing = moment();
      const release = moment();
      const order: string[] = [];

      @Injectable()
      class Handling implements OnModuleDestroy {
        constructor(private readonly etcd: EtcdService) {}

        @EtcdWatch('/shutdown/watched')
        async onChange({ node }: EtcdEvent) {
          order.push(`begins ${node?.value}`);
          entered.happen();
          await release.happened;
          await this.etcd.set('/shutdown/seen', node?.value ?? '');
          order.push(`ends ${node?.value}`);
        }

        onModuleDestroy() {
          closing.happen();
        }
      }
      await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Handling] });
      let isCompleted = false;
      app.etcd.events$.subscribe({ complete: () => (isCompleted = true) });
      await outside.set('/shutdown/watched', '1');
      await entered.happened;
      await outside.set('/shutdown/watched', '2');
      const closed = app.app.close().then(() => order.push('closed'));
      await closing.happened;
      await waitFor(async () => (await outside.stats.store()).watchers === 0);
      await outside.set('/shutdown/watched', '3');
      expect(order).toEqual(['begins 1']);
      release.happen();
      await closed;
      expect(order).toEqual(['begins 1', 'ends 1', 'closed']);
      expect((await outside.get('/shutdown/seen')).node.value).toBe('1');
      expect(app.lines).toEqual([]);
      expect(isCompleted).toBe(true);
      await app.app.close();
    });

    it('go on after the `shutdownTimeout`, and say for which handlers they have not waited', async () => {
      const release = moment();
      let entered = 0;
      const schema = {
        '~standard': {
          version: 1 as const,
          vendor: 'test',
          validate: async (value: unknown) => {
            entered++;
            await release.happened;
            return { value };
          },
        },
      };
      @Injectable()
      class Stuck {
        @EtcdWatch('/stuck')
        @EtcdWatch('/stuck')
        one() {
          entered++;
          return release.happened;
        }

        @EtcdWatch('/stuck', { schema })
        two(event: EtcdEvent) {
          seen.push(event);
        }

        @EtcdWatch('/stuck')
        three() {}

        @EtcdWatch('/stuck', { concurrency: 2 })
        four() {
          entered++;
          return release.happened;
        }
      }
      const options: EtcdModuleOptions = { hosts: etcd.url, shutdownTimeout: 100 };
      await using app = await Watching.start({ options, providers: [Stuck] }, 5);
      await outside.set('/stuck', '{}');
      await waitFor(() => entered === 4);
      await app.app.close();
      expect(app.lines).toEqual([
        {
          level: 'warn',
          message:
            'The shutdown goes on without Stuck#one, Stuck#two, Stuck#four: still running after 100 ms. Raise `shutdownTimeout`, or end them sooner.',
          context: 'EtcdModule',
        },
      ]);
      release.happen();
      // The value was decoded after the end.
      await sleep(50);
      expect(seen).toEqual([]);
    });

    it('are ended without a start, again, and by a shutdown that comes before they have begun', async () => {
      const build = () =>
        Test.createTestingModule({
          imports: [EtcdModule.forRoot({ hosts: etcd.url })],
          providers: [Seeing],
        }).compile();
      const unstarted = await build();
      await unstarted.close();
      await unstarted.close();

      const hasty = await build();
      await expect(Promise.all([hasty.init(), hasty.close()])).resolves.toHaveLength(2);
      await waitFor(async () => (await outside.stats.store()).watchers === 0);
    });

    it('are not started by a start that is overtaken by the shutdown, as it may be in Nest 11', async () => {
      let watches = 0;
      const app = await Test.createTestingModule({ imports: [EtcdModule.forRoot()], providers: [Seeing] })
        .overrideProvider(EtcdService)
        .useValue({ watch: () => watches++ })
        .compile();
      const hooks = app.get(EtcdWatchOrchestrator, { strict: false });
      hooks.onModuleInit();
      await hooks.onModuleDestroy();
      hooks.onApplicationBootstrap();
      expect(watches).toBe(0);
    });

    it.each([0, -1, Infinity, '5 s', null])('do so within milliseconds, and not within %p', async (value) => {
      const options = { shutdownTimeout: value as number };
      await expect(
        Test.createTestingModule({ imports: [EtcdModule.forRoot(options)] }).compile(),
      ).rejects.toThrow('`shutdownTimeout`: expected milliseconds above 0');
    });
  });
});
