import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable } from '@nestjs/common';
import {
  ConfigModule,
  type ConfigModuleOptions,
  ConfigService,
  type ConfigType,
  registerAs,
} from '@nestjs/config';
import { Test, type TestingModule } from '@nestjs/testing';
import { EtcdClient, etcdConfig, type EtcdConfigLoaderOptions, EtcdOptionsError } from 'nestjs-etcd';
import { z } from 'zod';
import type { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { CapturingLogger } from './capturing-logger.js';
import { ConfigStore, schema } from './config-store.js';

describe('A loader of @nestjs/config', () => {
  const store = new ConfigStore('loader');
  let etcd: EtcdClient;
  let member: EtcdMember;
  let prefix: string;
  beforeEach(() => {
    ({ etcd, member, prefix } = store);
  });

  const start = async (
    options: ConfigModuleOptions,
    providers: never[] | [new (...args: never[]) => object] = [],
  ) => {
    const imports = [ConfigModule.forRoot({ ignoreEnvFile: true, ...options })];
    const app: TestingModule = await Test.createTestingModule({ imports, providers }).compile();
    return app.init();
  };
  const load = (more: object = {}) => etcdConfig(prefix, { schema, client: { hosts: member.url }, ...more });

  it('gives the configuration before anything is made', async () => {
    const app = await start({ load: [load()] });
    expect(app.get(ConfigService).get('db.host')).toBe('db-1');
    expect(app.get(ConfigService).getOrThrow('db')).toEqual({ host: 'db-1', port: 5432 });
    await app.close();
  });

  it('is registered under a name, and then follows etcd by name and by injection', async () => {
    const shop = registerAs('shop', load());
    @Injectable()
    class Database {
      constructor(@Inject(shop.KEY) readonly config: ConfigType<typeof shop>) {}
    }
    const app = await start({ load: [shop] }, [Database]);
    const service = app.get(ConfigService);
    const { config } = app.get(Database);
    const before = config.db;
    expect([service.get('shop.db.host'), config.db.port]).toEqual(['db-1', 5432]);
    await etcd.set(`${prefix}/db/port`, '1');
    await waitFor(() => config.db.port === 1);
    expect(service.get('shop.db.port')).toBe(1);
    expect(service.get('shop')).toEqual({ db: { host: 'db-1', port: 1 } });
    expect(before.port).toBe(5432);
    await app.close();
  });

  it('gives an object that reads as any other, and cannot be written', async () => {
    const view = await load()();
    expect(view).toEqual({ db: { host: 'db-1', port: 5432 } });
    expect(JSON.stringify(view)).toBe('{"db":{"host":"db-1","port":5432}}');
    expect({ ...view }).toEqual({ db: view.db });
    expect(['db' in view, 'toString' in view, Object.hasOwn(view, 'db')]).toEqual([true, true, true]);
    for (const write of [
      () => Object.assign(view, { db: 1 }),
      () => Reflect.deleteProperty(view, 'db') || Object.freeze(view),
      () => Object.defineProperty(view, 'db', { value: 1 }),
      () => Object.setPrototypeOf(view, {}),
    ])
      expect(write).toThrow(TypeError);
    expect(view.db.host).toBe('db-1');
    await (view as unknown as { onApplicationShutdown(): Promise<void> }).onApplicationShutdown();
  });

  it('keeps out what is no object any more, and says so', async () => {
    const logger = new CapturingLogger();
    const anything = z.unknown() as never;
    const shop = registerAs('shop', load({ schema: anything, logger }));
    const app = await start({ load: [shop] });
    const config = app.get<{ db: { host: string } }>(shop.KEY);
    await etcd.delete(prefix, { recursive: true });
    await etcd.set(prefix, 'hunter2');
    const lines = () => logger.lines.map(({ message }) => message).join();
    await waitFor(() => lines().includes('it is no object, as a loader of @nestjs/config has to give one'));
    expect(() => config.db).not.toThrow();
    await etcd.set(prefix, '{"db": {"host": "db-2"}}');
    await waitFor(() => config.db?.host === 'db-2');
    expect(lines()).not.toContain('hunter2');
    await app.close();
  });

  it('closes its client with the application, and leaves one that was given open', async () => {
    const app = await start({
      load: [registerAs('shop', load()), registerAs('own', load({ client: etcd }))],
    });
    const watches = async () => {
      const { body } = await member.request('/v2/stats/store');
      return (JSON.parse(body) as { watchers: number }).watchers;
    };
    expect(await waitFor(watches)).toBeGreaterThan(0);
    await app.close();
    await waitFor(async () => (await watches()) === 0);
    expect((await etcd.get(`${prefix}/db/host`)).node.value).toBe('db-1');
  });

  it('makes its client when it is called', async () => {
    let calls = 0;
    const loader = load({
      client: async () => {
        calls++;
        return { hosts: member.url };
      },
    });
    expect(calls).toBe(0);
    const app = await start({ load: [loader] });
    expect(calls).toBe(1);
    expect(app.get(ConfigService).get('db.port')).toBe(5432);
    await app.close();
  });

  describe('beside the environment', () => {
    beforeEach(() => {
      process.env['TEST_DB_HOST'] = 'env';
      process.env['db.host'] = 'of the environment';
    });
    afterAll(() => {
      delete process.env['TEST_DB_HOST'];
      delete process.env['db.host'];
    });

    it('comes first in ConfigService.get, as every loader does', async () => {
      const app = await start({ load: [load()] });
      expect(app.get(ConfigService).get('db.host')).toBe('db-1');
      expect(app.get(ConfigService).get('TEST_DB_HOST')).toBe('env');
      await app.close();
    });

    it('gives way to the variables that it names', async () => {
      const app = await start({ load: [load({ env: { TEST_DB_HOST: '/db/host' } })] });
      expect(app.get(ConfigService).get('db.host')).toBe('env');
      await app.close();
    });
  });

  it('keeps the application from starting when it cannot be loaded, and says why', async () => {
    await etcd.set(`${prefix}/db/port`, 'hunter2');
    await expect(start({ load: [load()] })).rejects.toThrow(
      `The configuration of ${prefix} could not be loaded: The value of ${prefix} cannot be decoded: its schema refuses it at db.port`,
    );
    const away = load({
      client: { hosts: 'http://127.0.0.1:9' },
      timeout: 50,
      logger: new CapturingLogger(),
    });
    await expect(start({ load: [away] })).rejects.toThrow(/not loaded within 50 ms/);
    await etcd.set(`${prefix}-text`, 'text');
    const text = etcdConfig(`${prefix}-text`, {
      schema: z.string() as never,
      client: { hosts: member.url },
    });
    await expect(text()).rejects.toThrow(
      /The value of \/loader\/\d+-text cannot be decoded: it is no object/,
    );
  });

  it.each<[string, unknown, unknown, RegExp]>([
    ['an empty prefix', '', {}, /^`key`: it is empty/],
    ['a misspelt option', '/a', { hosts: 'a' }, /^`hosts`: no such option here \(options of etcdConfig\).*client/],
    ['a logger without methods', '/a', { logger: {} }, /^`logger`: needs a method `log/],
    ['a wrong timeout', '/a', { timeout: -1 }, /^`timeout`: expected milliseconds/],
  ])('refuses %s when it is made', (_, at, options, message) => {
    const attempt = () => etcdConfig(at as string, options as EtcdConfigLoaderOptions);
    expect(attempt).toThrow(EtcdOptionsError);
    expect(attempt).toThrow(message);
  }); // prettier-ignore
});
