import { beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Inject, Injectable, Module, type ModuleMetadata, Scope } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  EtcdClient,
  type EtcdConfigChange,
  EtcdConfigModule,
  type EtcdConfigModuleOptions,
  type EtcdConfigOptionsFactory,
  type EtcdConfigRefusal,
  EtcdConfigService,
  EtcdModule,
  EtcdOptionsError,
  getEtcdConfigToken,
  InjectEtcdConfig,
} from 'nestjs-etcd';
import { z } from 'zod';
import type { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { CapturingLogger } from './capturing-logger.js';
import { ConfigStore, schema } from './config-store.js';

type Shop = z.infer<typeof schema>;

describe('EtcdConfigModule', () => {
  const store = new ConfigStore('nest');
  let etcd: EtcdClient;
  let member: EtcdMember;
  let prefix: string;
  beforeEach(() => {
    ({ etcd, member, prefix } = store);
  });

  const connection = (name?: string) => EtcdModule.forRoot({ hosts: member.url, isGlobal: true, name });
  const logger = new CapturingLogger();
  const start = async (metadata: ModuleMetadata): Promise<TestingModule> => {
    logger.lines.length = 0;
    const app = await Test.createTestingModule(metadata).setLogger(logger).compile();
    return app.init();
  };
  /** Boots an application and gives what booting was refused with. */
  const refusal = (metadata: ModuleMetadata): Promise<Error> =>
    Test.createTestingModule(metadata)
      .setLogger(logger)
      .compile()
      .then(
        () => Promise.reject(new Error('It was not refused')),
        (error: Error) => error,
      );

  it('has loaded the configuration before anything that injects it is made', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Database {
      constructor(config: EtcdConfigService<Shop>) {
        seen.push(config.value.db.host);
      }
    }
    const app = await start({
      imports: [connection(), EtcdConfigModule.forRoot({ prefix, schema })],
      providers: [
        Database,
        {
          provide: 'URL',
          inject: [EtcdConfigService],
          useFactory: ({ value: { db } }: EtcdConfigService<Shop>) => `pg://${db.host}:${db.port}`,
        },
      ],
    });
    expect(seen).toEqual(['db-1']);
    expect(app.get('URL')).toBe('pg://db-1:5432');
    await app.close();
  });

  it('configures other modules by their factories', async () => {
    @Module({})
    class DatabaseModule {}
    const app = await start({
      imports: [
        connection(),
        EtcdConfigModule.forRoot({ prefix, schema, isGlobal: true }),
        {
          module: DatabaseModule,
          providers: [
            {
              provide: 'DATABASE',
              inject: [EtcdConfigService],
              useFactory: (config: EtcdConfigService<Shop>) => config.value.db,
            },
          ],
          exports: ['DATABASE'],
        },
      ],
    });
    expect(app.get('DATABASE', { strict: false })).toEqual({ host: 'db-1', port: 5432 });
    await app.close();
  });

  it('needs the connection to be imported where that is not global', async () => {
    const local = EtcdModule.forRoot({ hosts: member.url });
    const app = await start({ imports: [EtcdConfigModule.forRoot({ prefix, imports: [local] })] });
    expect(app.get(EtcdConfigService).get('db/host')).toBe('db-1');
    await app.close();
    const error = await refusal({ imports: [local, EtcdConfigModule.forRoot({ prefix })] });
    expect(error.message).toMatch(/can't resolve dependencies of the EtcdConfigService.*EtcdService/s);
  });

  it('follows etcd, and tells each change on changes$, until the application closes', async () => {
    const app = await start({ imports: [connection(), EtcdConfigModule.forRoot({ prefix, schema })] });
    const config = app.get<EtcdConfigService<Shop>>(EtcdConfigService);
    const told: (EtcdConfigChange<Shop> | string)[] = [];
    config.changes$.subscribe({ next: (change) => told.push(change), complete: () => told.push('complete') });
    await etcd.set(`${prefix}/db/port`, '1');
    await waitFor(() => told.length > 0);
    expect(told).toEqual([
      expect.objectContaining({ keys: ['/db/port'], value: { db: { host: 'db-1', port: 1 } } }),
    ]);
    await app.close();
    expect(told[1]).toBe('complete');
    await etcd.set(`${prefix}/db/port`, '2');
    expect(config.value.db.port).toBe(1);
  });

  it('keeps out what the schema refuses, and tells it on refused$ and in the log without the value', async () => {
    const app = await start({ imports: [connection(), EtcdConfigModule.forRoot({ prefix, schema })] });
    const config = app.get<EtcdConfigService<Shop>>(EtcdConfigService);
    const told: EtcdConfigRefusal[] = [];
    config.refused$.subscribe((refused) => told.push(refused));
    await etcd.set(`${prefix}/db/port`, 'hunter2');
    await waitFor(() => told.length > 0);
    expect(config.value.db.port).toBe(5432);
    const lines = logger.of('EtcdConfigModule').map(({ level, message }) => `${level} ${message}`);
    expect(lines).toEqual([
      `error The configuration of ${prefix} at index ${told[0]?.index} is refused, and the last good one is kept: The value of ${prefix} cannot be decoded: its schema refuses it at db.port`,
    ]);
    await app.close();
  });

  describe('with several configurations', () => {
    class AuditConfig extends EtcdConfigService<{ level: string }> {
      get isLoud(): boolean {
        return this.value.level === 'debug';
      }
    }

    it('keeps them apart by name and by class', async () => {
      await etcd.set(`${prefix}-2/level`, 'debug');
      @Injectable()
      class Consumer {
        constructor(
          readonly main: EtcdConfigService<Shop>,
          @InjectEtcdConfig() readonly byDecorator: EtcdConfigService<Shop>,
          @InjectEtcdConfig('db') readonly db: EtcdConfigService<Shop['db']>,
          readonly audit: AuditConfig,
          @InjectEtcdConfig(AuditConfig) readonly again: AuditConfig,
        ) {}
      }
      const app = await start({
        imports: [
          connection(),
          connection('other'),
          EtcdConfigModule.forRoot({ prefix, schema }),
          EtcdConfigModule.forRoot({ prefix: `${prefix}/db`, name: 'db', connection: 'other' }),
          EtcdConfigModule.forRoot({ prefix: `${prefix}-2`, name: AuditConfig }),
        ],
        providers: [Consumer],
      });
      const { main, byDecorator, db, audit, again } = app.get(Consumer);
      expect(main.value.db).toEqual(db.value);
      expect(byDecorator).toBe(main);
      expect(app.get(getEtcdConfigToken())).toBe(main);
      expect(app.get(getEtcdConfigToken('db'))).toBe(db);
      expect(audit).toBeInstanceOf(AuditConfig);
      expect([audit.isLoud, again]).toEqual([true, audit]);
      await app.close();
    });

    it('refuses two of one name', async () => {
      const one = EtcdConfigModule.forRoot({ prefix, name: 'a' });
      const two = EtcdConfigModule.forRoot({ prefix, name: 'a' });
      const error = await refusal({ imports: [connection(), one, two] });
      expect(error).toBeInstanceOf(EtcdOptionsError);
      expect(error.message).toMatch(/^`name`: the configuration 'a' is made by 2 calls of `EtcdConfigModule/);
    });
  });

  describe('with options that are made when the application starts', () => {
    @Injectable()
    class Settings implements EtcdConfigOptionsFactory {
      constructor(@Inject('PREFIX') private readonly prefix: string) {}

      createEtcdConfigOptions(): EtcdConfigModuleOptions {
        return { prefix: this.prefix, schema };
      }
    }
    @Module({})
    class SettingsModule {}
    const settings = () => ({
      module: SettingsModule,
      providers: [{ provide: 'PREFIX', useValue: prefix }, Settings],
      exports: ['PREFIX', Settings],
    });

    it.each<[string, () => Parameters<typeof EtcdConfigModule.forRootAsync>[0]]>([
      [
        'a factory',
        () => ({ inject: ['PREFIX'], useFactory: async (at: string) => ({ prefix: at, schema }) }),
      ],
      ['a class', () => ({ useClass: Settings })],
      ['a provider that exists', () => ({ useExisting: Settings })],
    ])('takes them from %s', async (_, options) => {
      const module = EtcdConfigModule.forRootAsync({ imports: [settings()], name: 'x', ...options() });
      const app = await start({ imports: [connection(), module] });
      expect(app.get<EtcdConfigService<Shop>>(getEtcdConfigToken('x')).value.db.port).toBe(5432);
      await app.close();
    });

    it.each<[string, object, RegExp]>([
      ['nothing', { useFactory: () => undefined }, /^`options`: .*got undefined; does the factory of `EtcdConfigModule/],
      ['a name', { useFactory: () => ({ prefix: '/a', name: 'a' }) }, /^`name`: it stands beside `useFactory`/],
      ['no prefix', { useFactory: () => ({}) }, /^`prefix`: name the key whose files are/],
      ['a misspelt option', { useFactory: () => ({ prefix: '/a', scheme: 1 }) }, /^`scheme`: no such option/],
    ])('refuses %s from a factory', async (_, options, message) => {
      const module = EtcdConfigModule.forRootAsync(options);
      expect((await refusal({ imports: [connection(), module] })).message).toMatch(message);
    }); // prettier-ignore

    it('refuses at once what stands beside the factory and is wrong', () => {
      const make = (options: object) => () => EtcdConfigModule.forRootAsync(options);
      expect(make({})).toThrow(/^`useFactory`: `EtcdConfigModule.forRootAsync` needs one of/);
      expect(make({ prefix: '/a' })).toThrow(/^`prefix`: no such option here/);
      expect(() => EtcdConfigModule.forRoot({ prefix, name: '' })).toThrow(/^`name`: expected a text/);
      expect(() => getEtcdConfigToken(7 as never)).toThrow(/^`name`: expected a text.*got 7 \(number\)/);
    });
  });

  describe('when it cannot be loaded', () => {
    it('does not start the application, and says why and what to do', async () => {
      await etcd.set(`${prefix}/db/port`, 'hunter2');
      const refused = await refusal({
        imports: [connection(), EtcdConfigModule.forRoot({ prefix, schema })],
      });
      expect(refused.message).toBe(
        `EtcdConfigModule: the application does not start, because the configuration of ${prefix} could not be loaded: The value of ${prefix} cannot be decoded: its schema refuses it at db.port`,
      );
      expect(refused.cause).toMatchObject({ code: 'ETCD_DECODE' });
      const away = EtcdModule.forRoot({ hosts: 'http://127.0.0.1:9', isGlobal: true });
      const late = await refusal({ imports: [away, EtcdConfigModule.forRoot({ prefix, timeout: 50 })] });
      expect(late.message).toMatch(/not loaded within 50 ms, because etcd has not answered. Check `hosts`/);
      expect(late.cause).toMatchObject({ code: 'ETCD_TIMEOUT' });
    });

    it('refuses to be imported as it is, and to work with a service that cannot', async () => {
      expect((await refusal({ imports: [EtcdConfigModule] })).message).toMatch(
        /import `EtcdConfigModule.forRoot/,
      );
      const { EtcdService } = await import('nestjs-etcd');
      const attempt = Test.createTestingModule({
        imports: [connection(), EtcdConfigModule.forRoot({ prefix })],
      })
        .overrideProvider(EtcdService)
        .useValue({})
        .compile();
      await expect(attempt).rejects.toThrow(
        /`connection`: the service was overridden by something without `cache`/,
      );
    });
  });

  it('can be overridden in a test, and then asks nobody', async () => {
    @Controller()
    class Prices {
      constructor(@InjectEtcdConfig() readonly config: EtcdConfigService<Shop>) {}
    }
    const away = EtcdModule.forRoot({ hosts: 'http://127.0.0.1:9', isGlobal: true });
    const app = await Test.createTestingModule({
      imports: [away, EtcdConfigModule.forRoot({ prefix })],
      controllers: [Prices],
      providers: [{ provide: 'SCOPED', scope: Scope.REQUEST, useFactory: () => 1 }],
    })
      .overrideProvider(EtcdConfigService)
      .useValue({ value: { db: { host: 'fake' } } })
      .compile();
    await app.init();
    expect(app.get(Prices).config.value.db.host).toBe('fake');
    await app.close();
  });
});
