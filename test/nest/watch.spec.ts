import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import {
  type EtcdChangeEvent,
  type EtcdEvent,
  EtcdModule,
  type EtcdResyncEvent,
  EtcdService,
  EtcdWatch,
  getEtcdToken,
} from 'nestjs-etcd';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { brief, Watching } from './watching.js';

describe('@EtcdWatch', () => {
  let etcd: EtcdMember;
  let seen: string[];

  beforeAll(async () => {
    etcd = await EtcdMember.start();
  });

  afterAll(() => etcd.stop());

  beforeEach(() => {
    seen = [];
  });

  /** Writes a key before there is an application. */
  const put = (key: string, value: string) =>
    etcd.request(`/v2/keys${key}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ value }).toString(),
    });

  /** Resolves when as many handlers have been called, and gives what they were called with. */
  const calls = async (count: number) => {
    await waitFor(() => seen.length >= count, {
      what: `${count} calls, of which there are ${seen.join(', ')}`,
    });
    return [...seen];
  };

  /** A change that a handler of its own is told of. What is missing before it, is missing for good. */
  @Injectable()
  class Last {
    @EtcdWatch('/last')
    last() {
      seen.push('last');
    }
  }

  describe('calls', () => {
    it('methods of providers and of controllers, as often as they have it, and inherited ones', async () => {
      class Base {
        @EtcdWatch('/base')
        inherited(event: EtcdEvent) {
          seen.push(`${this.constructor.name} ${brief(event)}`);
        }

        @EtcdWatch('/base')
        overridden() {
          seen.push('wrong');
        }
      }

      @Injectable()
      class Provider extends Base {
        readonly name = 'provider';

        @EtcdWatch('/one')
        @EtcdWatch(['two'])
        async onChange(event: EtcdEvent) {
          seen.push(`${this.name} ${brief(event)}`);
        }

        override overridden() {
          seen.push('wrong');
        }
      }

      @Controller()
      class Routes {
        readonly name = 'controller';

        @EtcdWatch('/one/')
        onChange(event: EtcdEvent) {
          seen.push(`${this.name} ${brief(event)}`);
        }
      }

      await using app = await Watching.start(
        { options: { hosts: etcd.url }, providers: [Provider], controllers: [Routes] },
        4,
      );
      await app.etcd.set('/one', '1');
      await calls(2);
      await app.etcd.set('/two', '2');
      await calls(3);
      await app.etcd.set('/base', '3');
      expect((await calls(4)).slice(0, 2).sort()).toEqual(['controller set /one', 'provider set /one']);
      expect(seen.slice(2)).toEqual(['provider set /two', 'Provider set /base']);
      const ready = app.of('watch.ready').map(({ handler, key }) => `${handler} ${key}`);
      expect(ready.sort()).toEqual([
        'Provider#inherited /base',
        'Provider#onChange /one',
        'Provider#onChange /two',
        'Routes#onChange /one',
      ]);
    });

    it('a handler for everything below a key only with `recursive`, and with the state first only with `initial`', async () => {
      @Injectable()
      class Config {
        @EtcdWatch('/config', { recursive: true, initial: true })
        both(event: EtcdEvent) {
          seen.push(`both: ${brief(event)}`);
        }

        @EtcdWatch('/config', { recursive: true })
        recursive(event: EtcdEvent) {
          seen.push(`recursive: ${brief(event)}`);
        }

        @EtcdWatch('/config')
        neither(event: EtcdEvent) {
          seen.push(`neither: ${brief(event)}`);
        }
      }
      await put('/config/a', '1');
      await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Config, Last] }, 4);
      expect(await calls(1)).toEqual(['both: resync initial /config/a']);
      await app.etcd.set('/config/b', '2');
      await calls(3);
      await app.etcd.delete('/config', { recursive: true });
      await calls(6);
      await app.etcd.set('/last', '');
      expect((await calls(7)).slice(1).sort()).toEqual([
        'both: delete /config',
        'both: set /config/b',
        'last',
        'neither: delete /config',
        'recursive: delete /config',
        'recursive: set /config/b',
      ]);
    });

    it('a handler with the actions that it wants, and with each `resync`', async () => {
      @Injectable()
      class Removals {
        @EtcdWatch('/actions', { recursive: true, initial: true, actions: ['delete', 'compareAndDelete'] })
        onRemoval(event: EtcdEvent) {
          seen.push(brief(event));
        }
      }
      await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Removals] });
      await calls(1);
      await app.etcd.create('/actions/a', '1');
      await app.etcd.update('/actions/a', '2');
      await app.etcd.delete('/actions/a');
      await app.etcd.set('/actions/b', '1');
      await app.etcd.compareAndDelete('/actions/b', { prevValue: '1' });
      expect(await calls(3)).toEqual(['resync initial', 'delete /actions/a', 'compareAndDelete /actions/b']);
    });

    it('a handler for a key that is made of what can be injected, once everything is initialised', async () => {
      @Injectable()
      class Settings implements OnModuleInit {
        service = 'not yet';

        onModuleInit() {
          this.service = 'orders';
        }
      }
      // Not imported where the handler is: it is found anywhere in the application.
      @Module({ providers: [Settings, { provide: 'REGION', useValue: 'eu' }] })
      class SettingsModule {}

      @Injectable()
      class Orders {
        @EtcdWatch((settings: Settings, region: string) => ['services', settings.service, region], {
          inject: [Settings, 'REGION'],
        })
        onChange(event: EtcdEvent) {
          seen.push(brief(event));
        }
      }
      await using app = await Watching.start({
        options: { hosts: etcd.url },
        imports: [SettingsModule],
        providers: [Orders],
      });
      await app.etcd.set('/services/orders/eu', '1');
      expect(await calls(1)).toEqual(['set /services/orders/eu']);
    });

    it('each handler once: not again for an alias, for a factory that gives it, or for an object that is none', async () => {
      @Injectable()
      class Once {
        @EtcdWatch('/once')
        onChange(event: EtcdEvent) {
          seen.push(brief(event));
        }
      }
      await using app = await Watching.start(
        {
          options: { hosts: etcd.url },
          providers: [
            { provide: 'before', useFactory: (once: Once) => once, inject: [Once] },
            { provide: 'alias', useExisting: Once },
            Once,
            { provide: 'after', useFactory: async (once: Once) => once, inject: [Once] },
            { provide: 'bare', useValue: Object.create(null) },
            { provide: 'nothing', useValue: null },
            { provide: 'missing', useFactory: () => undefined },
            { provide: 'text', useValue: 'text' },
            Last,
          ],
        },
        2,
      );
      await app.etcd.set('/once', '1');
      await calls(1);
      await app.etcd.set('/last', '');
      expect(await calls(2)).toEqual(['set /once', 'last']);
      expect(app.of('watch.ready')).toHaveLength(2);
    });

    it('handlers that a factory or a value brings along', async () => {
      class Made {
        constructor(private readonly name: string) {}

        @EtcdWatch('/made')
        onChange(event: EtcdEvent) {
          seen.push(`${this.name}: ${brief(event)}`);
        }
      }
      await using app = await Watching.start(
        {
          options: { hosts: etcd.url },
          providers: [
            { provide: 'value', useValue: new Made('value') },
            { provide: 'factory', useFactory: () => new Made('factory') },
          ],
        },
        2,
      );
      await app.etcd.set('/made', '1');
      expect((await calls(2)).sort()).toEqual(['factory: set /made', 'value: set /made']);
    });
  });

  describe('with several connections', () => {
    it('delivers each change once, and each on its own connection', async () => {
      await using other = await EtcdMember.start();

      @Injectable()
      class Both {
        @EtcdWatch('/both', { initial: true })
        main(event: EtcdChangeEvent | EtcdResyncEvent) {
          seen.push(`main: ${brief(event)}`);
        }

        @EtcdWatch('/both', { connection: 'audit', initial: true })
        audit(event: EtcdEvent) {
          seen.push(`audit: ${brief(event)}`);
        }
      }
      await using app = await Watching.start(
        {
          options: { hosts: etcd.url },
          imports: [
            EtcdModule.forRoot({ hosts: other.url, name: 'audit' }),
            EtcdModule.forRootAsync({ useFactory: () => ({ hosts: other.url }), name: 'unused' }),
          ],
          providers: [Both],
        },
        1,
      );
      expect((await calls(2)).sort()).toEqual(['audit: resync initial', 'main: resync initial']);
      await app.app.get<EtcdService>(getEtcdToken('audit')).set('/both', '1');
      await calls(3);
      await app.etcd.set('/both', '1');
      expect((await calls(4)).slice(2)).toEqual(['audit: set /both', 'main: set /both']);
      // Each connection tells of its own.
      expect(app.of('watch.ready')).toHaveLength(1);
    });
  });
});
