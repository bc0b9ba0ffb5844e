import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Global, Inject, Injectable, Module, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  ETCD_MODULE_OPTIONS,
  EtcdClient,
  type EtcdModuleOptions,
  EtcdModule,
  type EtcdOptionsFactory,
  EtcdService,
  getEtcdToken,
  InjectEtcd,
} from 'nestjs-etcd';
import { EtcdMember } from '../support/etcd-member.js';

const etcdHosts = 'ETCD_HOSTS';

@Injectable()
class Settings implements EtcdOptionsFactory {
  constructor(@Inject(etcdHosts) private readonly hosts: string) {}

  async createEtcdOptions(): Promise<EtcdModuleOptions> {
    return { hosts: this.hosts };
  }
}

describe('EtcdModule', () => {
  let etcd: EtcdMember;
  let settingsModule: new () => object;

  beforeAll(async () => {
    etcd = await EtcdMember.start();

    @Module({
      providers: [{ provide: etcdHosts, useValue: etcd.url }, Settings],
      exports: [etcdHosts, Settings],
    })
    class SettingsModule {}
    settingsModule = SettingsModule;
  });

  afterAll(() => etcd.stop());

  const compile = (metadata: ModuleMetadata): Promise<TestingModule> =>
    Test.createTestingModule(metadata).compile();

  /** Boots an application and gives what booting was refused with. */
  const refusal = (metadata: ModuleMetadata): Promise<Error> =>
    compile(metadata).then(
      () => Promise.reject(new Error('It was not refused')),
      (error: Error) => error,
    );

  /** Writes a key through one service and reads it through the other. */
  const reaches = async (app: TestingModule, service: EtcdService = app.get(EtcdService)) => {
    const key = `/reaches/${Math.random()}`;
    await service.set(key, 'yes');
    const read = (await etcd.request(`/v2/keys${key}`)).body;
    await app.close();
    return read.includes('"value":"yes"');
  };

  it('gives a client with options that are known, and leaves the object as it was', async () => {
    const options = Object.freeze({
      hosts: Object.freeze([etcd.url]),
      connect: 'eager',
      isGlobal: true,
    } as const);
    const app = await compile({ imports: [EtcdModule.forRoot(options)] });
    await app.init();
    expect(app.get(EtcdService)).toBeInstanceOf(EtcdClient);
    expect(app.get(EtcdService).endpoints).toEqual([etcd.url]);
    expect(await reaches(app)).toBe(true);
    expect(options).toEqual({ hosts: [etcd.url], connect: 'eager', isGlobal: true });
  });

  it('asks for etcd on this host without any options', async () => {
    const app = await compile({ imports: [EtcdModule.forRoot()] });
    expect(app.get(EtcdService).endpoints).toEqual(['http://127.0.0.1:2379']);
    await app.close();
  });

  describe('with options made when the application starts', () => {
    it('takes them from a factory with its dependencies', async () => {
      const connection = EtcdModule.forRootAsync({
        imports: [settingsModule],
        inject: [etcdHosts],
        useFactory: async (hosts: string) => ({ hosts }),
      });
      expect(await reaches(await compile({ imports: [connection] }))).toBe(true);
    });

    it('takes them from a class that it makes itself', async () => {
      @Global()
      @Module({ providers: [{ provide: etcdHosts, useValue: etcd.url }], exports: [etcdHosts] })
      class HostsModule {}
      const connection = EtcdModule.forRootAsync({ useClass: Settings });
      expect(await reaches(await compile({ imports: [HostsModule, connection] }))).toBe(true);
    });

    it('takes them from a provider that exists', async () => {
      const connection = EtcdModule.forRootAsync({ imports: [settingsModule], useExisting: Settings });
      expect(await reaches(await compile({ imports: [connection] }))).toBe(true);
    });

    it('takes the name of the connection from beside the factory', async () => {
      const connection = EtcdModule.forRootAsync({ name: 'audit', useFactory: () => ({ hosts: etcd.url }) });
      const app = await compile({ imports: [connection] });
      expect(await reaches(app, app.get(getEtcdToken('audit')))).toBe(true);
    });

    it('keeps the options that a class has as getters', async () => {
      class Options implements EtcdModuleOptions {
        get hosts() {
          return etcd.url;
        }
      }
      const app = await compile({ imports: [EtcdModule.forRootAsync({ useFactory: () => new Options() })] });
      expect(app.get(EtcdService).endpoints).toEqual([etcd.url]);
      await app.close();
    });
  });

  describe('injection', () => {
    it('gives one default client by class, by decorator and by token', async () => {
      @Injectable()
      class Consumer {
        constructor(
          readonly byClass: EtcdService,
          @InjectEtcd() readonly byDecorator: EtcdService,
        ) {}
      }
      const app = await compile({ imports: [EtcdModule.forRoot()], providers: [Consumer] });
      const { byClass, byDecorator } = app.get(Consumer);
      expect(byClass).toBe(byDecorator);
      expect(app.get(getEtcdToken())).toBe(byClass);
      await app.close();
    });

    it('keeps named clients apart from the default one', async () => {
      @Injectable()
      class Consumer {
        @InjectEtcd('metrics') readonly metrics!: EtcdService;

        constructor(
          readonly main: EtcdService,
          @InjectEtcd('audit') readonly audit: EtcdService,
        ) {}
      }
      const app = await compile({
        imports: [
          EtcdModule.forRoot({ hosts: 'main.test:1' }),
          EtcdModule.forRoot({ hosts: 'audit.test:1', name: 'audit' }),
          EtcdModule.forRootAsync({ useFactory: () => ({ hosts: 'metrics.test:1' }), name: 'metrics' }),
        ],
        providers: [Consumer],
      });
      const { main, audit, metrics } = app.get(Consumer);
      expect([main, audit, metrics].map(({ endpoints }) => endpoints[0])).toEqual([
        'http://main.test:1',
        'http://audit.test:1',
        'http://metrics.test:1',
      ]);
      await app.close();
    });

    it('reaches every module when it is global, and only importing ones otherwise', async () => {
      @Injectable()
      class Consumer {
        constructor(readonly etcd: EtcdService) {}
      }
      @Module({ providers: [Consumer] })
      class FeatureModule {}

      const app = await compile({ imports: [EtcdModule.forRoot({ isGlobal: true }), FeatureModule] });
      expect(app.get(Consumer).etcd).toBe(app.get(EtcdService));
      await app.close();
      expect((await refusal({ imports: [EtcdModule.forRoot(), FeatureModule] })).message).toContain(
        'EtcdService',
      );
    });

    it("names the connection that is missing in Nest's own error", async () => {
      @Injectable()
      class Consumer {
        constructor(@InjectEtcd('audit') readonly etcd: EtcdService) {}
      }
      const error = await refusal({ imports: [EtcdModule.forRoot()], providers: [Consumer] });
      expect(error.message).toMatch(/can't resolve dependencies of the Consumer.*EtcdService:audit/s);
    });

    it('gives the override of a test by class, by decorator and by token', async () => {
      const fake = { get: () => 'fake' };
      const app = await Test.createTestingModule({ imports: [EtcdModule.forRoot({ connect: 'eager' })] })
        .overrideProvider(EtcdService)
        .useValue(fake)
        .compile();
      await app.init();
      expect(app.get(EtcdService)).toBe(fake);
      expect(app.get(getEtcdToken())).toBe(fake);
      await app.close();
    });

    it('goes to another cluster where a test overrides the options', async () => {
      const app = await Test.createTestingModule({
        imports: [EtcdModule.forRoot({ hosts: 'prod.test:2379' })],
      })
        .overrideProvider(ETCD_MODULE_OPTIONS)
        .useValue({ hosts: etcd.url })
        .compile();
      expect(await reaches(app)).toBe(true);
    });
  });

  describe('a connection made twice in one application', () => {
    it.each([
      ['the default one', undefined, 'The default connection is made by 2 calls'],
      ['a named one', 'audit', "The connection 'audit' is made by 2 calls"],
    ])('is refused: %s', async (_, name, message) => {
      @Module({ imports: [EtcdModule.forRootAsync({ useFactory: () => ({}), name })] })
      class FeatureModule {}
      const error = await refusal({ imports: [FeatureModule, EtcdModule.forRoot({ name })] });
      expect(error).toMatchObject({ code: 'ETCD_OPTIONS', message: expect.stringContaining(message) });
    });

    it('is one connection where the same dynamic module is imported in two places', async () => {
      const connection = EtcdModule.forRoot();
      @Injectable()
      class Consumer {
        constructor(readonly etcd: EtcdService) {}
      }
      @Module({ imports: [connection], providers: [Consumer] })
      class FeatureModule {}
      const app = await compile({ imports: [connection, FeatureModule] });
      expect(app.get(Consumer).etcd).toBe(app.get(EtcdService));
      await app.close();
    });

    it('is fine in two applications of one process, and closing one leaves the other', async () => {
      @Module({ imports: [EtcdModule.forRoot({ hosts: etcd.url })] })
      class AppModule {}
      const [first, second] = [
        await NestFactory.createApplicationContext(AppModule, { logger: false }),
        await NestFactory.createApplicationContext(AppModule, { logger: false }),
      ];
      const left = second.get(EtcdService);
      await left.set('/two-applications', '1');
      await first.close();
      await expect(first.get(EtcdService).get('/two-applications')).rejects.toMatchObject({
        code: 'ETCD_CLOSED',
      });
      expect((await left.get('/two-applications')).node.value).toBe('1');
      await second.close();
    });
  });

  describe('refuses to start', () => {
    const made = (options: unknown) =>
      EtcdModule.forRootAsync({ useFactory: () => options as EtcdModuleOptions });

    it.each<[string, unknown, RegExp]>([
      ['a wrong option of the client', { timeout: -1 }, /`timeout`: expected milliseconds/],
      ['an option that does not exist', { host: 'a' }, /`host`: no such option/],
      ['a wrong option of its own', { connect: 'now' }, /`connect`: expected 'lazy' or 'eager', got 'now'/],
      [
        'a factory that returns nothing',
        undefined,
        /`options`: expected an object, got undefined; does the factory/,
      ],
      ['a name in the factory', { name: 'audit' }, /`name`: it stands beside `useFactory`/],
    ])('with %s', async (_, options, message) => {
      const error = await refusal({ imports: [made(options)] });
      expect(error).toMatchObject({ code: 'ETCD_OPTIONS', message: expect.stringMatching(message) });
    });

    it('where it is imported without forRoot', async () => {
      expect((await refusal({ imports: [EtcdModule] })).message).toMatch(/import `EtcdModule.forRoot/);
    });
  });

  it('refuses an empty name and a missing factory when the module or the class is defined', () => {
    expect(() => EtcdModule.forRoot({ name: '' })).toThrow('`name`: expected a text that is not empty');
    expect(() => InjectEtcd('')).toThrow('`name`: expected a text that is not empty');
    const misplaced = { hosts: 'http://10.0.0.1:2379', useFactory: () => ({}) };
    expect(() => EtcdModule.forRootAsync(misplaced)).toThrow('`hosts`: it belongs into what the factory');
    expect(() => EtcdModule.forRootAsync({})).toThrow(
      'needs one of `useFactory`, `useClass` and `useExisting`',
    );
  });
});
