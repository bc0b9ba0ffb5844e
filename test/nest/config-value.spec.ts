import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, type ModuleMetadata, type OnModuleInit, Scope } from '@nestjs/common';
import { ContextIdFactory } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  EtcdClient,
  EtcdConfigModule,
  type EtcdConfigRefusal,
  EtcdConfigService,
  EtcdModule,
  EtcdOptionsError,
  EtcdService,
  EtcdTimeoutError,
  EtcdValue,
  getEtcdConfigToken,
} from 'nestjs-etcd';
import { EmbeddedEtcd } from 'nestjs-etcd/testing';
import { z } from 'zod';
import { waitFor } from '../support/wait-for.js';
import { CapturingLogger } from './capturing-logger.js';

describe('@EtcdValue', () => {
  let server: EmbeddedEtcd;
  let etcd: EtcdClient;
  const logger = new CapturingLogger();

  beforeAll(async () => {
    server = await EmbeddedEtcd.start();
    etcd = new EtcdClient({ hosts: server.url });
  });

  afterAll(async () => {
    await etcd.close();
    await server.stop();
  });

  beforeEach(async () => {
    server.resetStore();
    logger.lines.length = 0;
    await etcd.set('/shop/flags/new-ui', 'true');
    await etcd.set('/shop/limits/requests', '100');
  });

  const compile = (metadata: ModuleMetadata, name?: string): Promise<TestingModule> =>
    Test.createTestingModule({
      ...metadata,
      imports: [
        EtcdModule.forRoot({ hosts: server.url, isGlobal: true }),
        EtcdConfigModule.forRoot({ prefix: '/shop', isGlobal: true, name }),
        ...(metadata.imports ?? []),
      ],
    })
      .setLogger(logger)
      .compile();

  @Injectable()
  class Flags implements OnModuleInit {
    @EtcdValue('/flags/new-ui', { default: false, schema: z.boolean() })
    readonly newUi!: boolean;

    @EtcdValue(['limits', 'requests'])
    protected readonly requests!: number;

    @EtcdValue('/flags/absent', { default: 'none' })
    readonly absent!: string;

    atStart: unknown[] = [];

    onModuleInit(): void {
      this.atStart = [this.newUi, this.requests, this.absent];
    }

    get all(): unknown[] {
      return [this.newUi, this.requests, this.absent];
    }
  }

  it('is there when hooks run, and is always current', async () => {
    const app = await compile({ providers: [Flags] });
    await app.init();
    const flags = app.get(Flags);
    expect(flags.atStart).toEqual([true, 100, 'none']);
    await etcd.set('/shop/flags/new-ui', 'false');
    await waitFor(() => !flags.newUi);
    await etcd.delete('/shop/limits/requests');
    await etcd.set('/shop/flags/absent', 'there');
    await waitFor(() => flags.absent === 'there');
    expect(flags.all).toEqual([false, undefined, 'there']);
    await app.close();
    expect(flags.newUi).toBe(false);
  });

  it('has changed when changes$ tells of it', async () => {
    const app = await compile({ providers: [Flags] });
    await app.init();
    const flags = app.get(Flags);
    const seen: unknown[] = [];
    app.get(EtcdConfigService).changes$.subscribe(() => seen.push(flags.newUi));
    await etcd.set('/shop/flags/new-ui', 'false');
    await waitFor(() => seen.length > 0);
    expect(seen).toEqual([false]);
    await app.close();
  });

  it('cannot be written, and is listed as any other property', async () => {
    const app = await compile({ providers: [Flags] });
    const flags = app.get(Flags);
    expect(() => Object.assign(flags, { newUi: false })).toThrow(TypeError);
    expect(Object.keys(flags)).toContain('newUi');
    await app.close();
  });

  it('stands on controllers, and on providers that are made for a request or for who injects them', async () => {
    @Controller()
    class Pages {
      @EtcdValue('/flags/new-ui') readonly newUi!: boolean;
    }
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Pages {}
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient extends Pages {}
    const app = await compile({ controllers: [Pages], providers: [PerRequest, Transient] });
    await app.init();
    const made = [
      app.get(Pages),
      await app.resolve(PerRequest, ContextIdFactory.create()),
      await app.resolve(PerRequest, ContextIdFactory.create()),
      await app.resolve(Transient),
    ];
    expect(new Set(made).size).toBe(4);
    expect(made.map(({ newUi }) => newUi)).toEqual([true, true, true, true]);
    await etcd.set('/shop/flags/new-ui', 'false');
    await waitFor(() => made.every(({ newUi }) => !newUi));
    await app.close();
  });

  it('is inherited, and overridden by a class that declares it anew', async () => {
    @Injectable()
    class Other extends Flags {
      @EtcdValue('/limits/requests') declare readonly newUi: never;
      @EtcdValue('/limits') readonly limits!: object;
    }
    const app = await compile({ providers: [Other] });
    await app.init();
    expect(app.get(Other).all).toEqual([100, 100, 'none']);
    expect(app.get(Other).limits).toEqual({ requests: 100 });
    await app.close();
  });

  it('is of another configuration where a class declares it anew so, and then asks nothing of the first one', async () => {
    @Injectable()
    class Limited extends Flags {
      @EtcdValue('/requests', { config: 'limits', schema: z.number() }) declare readonly newUi: never;
    }
    const limits = EtcdConfigModule.forRoot({ prefix: '/shop/limits', name: 'limits' });
    const app = await compile({ imports: [limits], providers: [Limited, Flags] });
    await app.init();
    expect(app.get(Limited).all).toEqual([100, 100, 'none']);
    expect(app.get(Flags).all).toEqual([true, 100, 'none']);
    await app.close();
  });

  it('reaches what a factory has made, when the application starts', async () => {
    const app = await compile({ providers: [{ provide: 'FLAGS', useFactory: () => new Flags() }] });
    await app.init();
    expect(app.get<Flags>('FLAGS').newUi).toBe(true);
    await app.close();
  });

  it('is of a configuration by name, or by class', async () => {
    class AuditConfig extends EtcdConfigService {}
    @Injectable()
    class Named {
      @EtcdValue('/flags/new-ui', { config: 'shop' }) readonly shop!: boolean;
      @EtcdValue('/requests', { config: AuditConfig }) readonly audit!: number;
    }
    const audit = EtcdConfigModule.forRoot({ prefix: '/shop/limits', name: AuditConfig });
    const app = await compile({ imports: [audit], providers: [Named] }, 'shop');
    await app.init();
    expect({ ...app.get(Named) }).toEqual({ shop: true, audit: 100 });
    await app.close();
    // With the client of this test, because Nest runs no hooks for an application that does not start.
    const attempt = Test.createTestingModule({
      imports: [EtcdConfigModule.forRoot({ prefix: '/shop', name: 'shop', imports: [EtcdModule.forRoot()] })],
      providers: [Named],
    })
      .overrideProvider(EtcdService)
      .useValue(etcd)
      .compile();
    await expect(attempt).rejects.toThrow(
      /can't resolve dependencies of the Named.*Symbol\(nestjs-etcd.value.audit\)/s,
    );
  });

  describe('whose schema refuses what etcd has', () => {
    it('keeps the last good value, and tells it without the value', async () => {
      const app = await compile({ providers: [Flags] });
      await app.init();
      const told: EtcdConfigRefusal[] = [];
      app.get(EtcdConfigService).refused$.subscribe((refused) => told.push(refused));
      await etcd.set('/shop/flags/new-ui', 'hunter2');
      await waitFor(() => told.length > 0);
      expect(app.get(Flags).newUi).toBe(true);
      expect(told[0]?.error).toMatchObject({ code: 'ETCD_DECODE', key: '/shop/flags/new-ui' });
      expect(logger.of('EtcdConfigModule').map(({ message }) => message)).toEqual([
        'The last good value of /flags/new-ui in /shop is kept: The value of /shop/flags/new-ui cannot be decoded: its schema refuses it',
      ]);
      await app.close();
    });

    it('has its default at the start', async () => {
      await etcd.set('/shop/flags/new-ui', 'hunter2');
      const app = await compile({ providers: [Flags] });
      expect(app.get(Flags).newUi).toBe(false);
      expect(logger.of('EtcdConfigModule')).toHaveLength(1);
      await app.close();
    });

    it('keeps the application from starting where there is no default, whatever the scope', async () => {
      const message =
        /^EtcdConfigModule: .* of \/shop could not be loaded: The value of \/shop\/limits\/requests cannot be decoded: its schema refuses it \(@EtcdValue of Strict#requests\). Correct it in etcd, or give a `default`$/;
      class Strict {
        @EtcdValue('/limits/requests', { schema: z.boolean() }) readonly requests!: boolean;
      }
      await expect(compile({ providers: [Strict] })).rejects.toThrow(message);
      const scoped = { provide: Strict, useClass: Strict, scope: Scope.REQUEST };
      await expect(compile({ providers: [scoped] })).rejects.toThrow(message);
    });
  });

  it('is an ordinary property where Nest has not made the instance', () => {
    const flags = new Flags();
    Object.assign(flags, { newUi: true });
    expect(flags.newUi).toBe(true);
  });

  it('takes anything with a value for the configuration in a test', async () => {
    const value = { flags: { 'new-ui': true } };
    const app = await Test.createTestingModule({
      providers: [Flags, { provide: getEtcdConfigToken(), useValue: { value } }],
    }).compile();
    expect(app.get(Flags).all).toEqual([true, undefined, 'none']);
  });

  it('keeps the values when etcd is away, and has those of etcd when it is back', async () => {
    const app = await compile({ providers: [Flags] });
    await app.init();
    const flags = app.get(Flags);
    server.pause();
    await expect(app.get(EtcdService).get('/shop', { timeout: 100 })).rejects.toThrow(EtcdTimeoutError);
    expect(flags.newUi).toBe(true);
    server.resume();
    await etcd.set('/shop/flags/new-ui', 'false');
    await waitFor(() => !flags.newUi);
    await app.close();
  });

  it.each<[string, unknown, unknown, RegExp]>([
    ['an empty key', '', {}, /^`key`: it is empty.* \(@EtcdValue of Config#value\)$/],
    ['options that are none', '/a', 'default', /^`options of @EtcdValue`: expected an object, got a string/],
    ['a misspelt option', '/a', { defualt: 1 }, /^`defualt`: no such option here.*config, default, schema/],
    ['a schema that is none', '/a', { schema: {} }, /^`schema`: expected a schema with `validate`/],
    ['an empty name', '/a', { config: '' }, /^`name`: expected a text that is not empty, or a class/],
  ])('refuses %s when the class is defined', (_, key, options, message) => {
    const attempt = () => {
      class Config {
        @EtcdValue(key as string, options as object) value: unknown;
      }
      return Config;
    };
    expect(attempt).toThrow(EtcdOptionsError);
    expect(attempt).toThrow(message);
  }); // prettier-ignore

  it('refuses to stand on anything but a property of the instance', () => {
    const decorate = EtcdValue('/a') as (...args: unknown[]) => void;
    class Config {
      static value = 1;
      method() {}
      get accessor() {
        return 1;
      }
    }
    expect(() => decorate(Config, 'value')).toThrow(
      '`EtcdValue`: it stands on a static property, for which there is no instance; make it a property of the instance (@EtcdValue of Config#value)',
    );
    for (const name of ['method', 'accessor'])
      expect(() => decorate(Config.prototype, name)).toThrow('it stands on a method or an accessor');
    expect(() => decorate(Config.prototype, undefined)).toThrow('it stands on no property');
  });
});
