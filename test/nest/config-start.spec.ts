import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  EtcdClient,
  EtcdConfigModule,
  EtcdConfigService,
  EtcdModule,
  EtcdOptionsError,
  EtcdValue,
} from 'nestjs-etcd';
import { EmbeddedEtcd } from 'nestjs-etcd/testing';
import { waitFor } from '../support/wait-for.js';
import { CapturingLogger } from './capturing-logger.js';
import { type CompiledPackage, compilePackage } from './compile-package.js';

const program = join('test', 'nest', 'programs', 'config-failing.mjs');

describe('An application with a configuration', () => {
  let server: EmbeddedEtcd;
  let etcd: EtcdClient;

  beforeAll(async () => {
    server = await EmbeddedEtcd.start();
    etcd = new EtcdClient({ hosts: server.url });
  });

  afterAll(async () => {
    await etcd.close();
    await server.stop();
  });

  beforeEach(async () => {
    await etcd.set('/shop/n', '1');
  });

  const compile = (more: object = {}, providers: (new () => object)[] = []) =>
    Test.createTestingModule({
      imports: [
        EtcdModule.forRoot({ hosts: server.url, isGlobal: true }),
        EtcdConfigModule.forRoot({ prefix: '/shop', isGlobal: true, ...more }),
      ],
      providers,
    })
      .setLogger(new CapturingLogger())
      .compile();

  it('has it as it was loaded until it starts, and then all that has changed meanwhile, as one change', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Migration implements OnModuleInit {
      @EtcdValue('/n') readonly n!: number;

      async onModuleInit(): Promise<void> {
        for (const n of ['2', '3', '4']) await etcd.set('/shop/n', n);
        seen.push(this.n);
      }
    }
    const app = await compile({}, [Migration]);
    const config = app.get(EtcdConfigService);
    config.changes$.subscribe(({ keys, value, previous }) => seen.push([keys, value, previous]));
    await app.init();
    await waitFor(() => seen.length === 2);
    expect(seen).toEqual([1, [['/n'], { n: 4 }, { n: 1 }]]);
    expect(app.get(Migration).n).toBe(4);
    await etcd.set('/shop/n', '5');
    await waitFor(() => app.get(Migration).n === 5);
    await app.close();
  });

  it('keeps what it has loaded where nothing has changed', async () => {
    const app = await compile({ schema: { '~standard': { version: 1, vendor: 'test', validate: copy } } });
    const config = app.get(EtcdConfigService);
    const { value, index } = config;
    await etcd.set('/elsewhere', '1');
    await app.init();
    await waitFor(() => config.index > index);
    expect(config.value).toBe(value);
    await app.close();
  });

  it('does not follow any more when it was closed before it has started', async () => {
    const app = await compile();
    const config = app.get(EtcdConfigService);
    await app.close();
    config.onApplicationBootstrap();
    await etcd.set('/shop/n', '2');
    expect(config.get('/n')).toBe(1);
  });

  it('does not start with a logger that lacks a method', async () => {
    const attempt = compile({ logger: { info: () => undefined, warn: () => undefined } });
    await expect(attempt).rejects.toThrow(EtcdOptionsError);
    await expect(attempt).rejects.toThrow(/^`logger`: needs a method `log\(message\)`/);
  });

  describe('that fails to start after that was loaded', () => {
    let compiled: CompiledPackage;
    let child: ChildProcess | undefined;

    beforeAll(async () => {
      compiled = await compilePackage();
    });

    afterEach(() => {
      child?.kill('SIGKILL');
    });

    afterAll(() => compiled[Symbol.dispose]());

    it.each([
      ['module', 'factory'],
      ['module', 'hook'],
      ['loader', 'factory'],
    ])('ends by itself, with the %s, when a %s fails', async (way, failing) => {
      const started = spawn(process.execPath, [program, compiled.esm, server.url, way, failing]);
      child = started;
      let output = '';
      for (const stream of [started.stdout, started.stderr])
        stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const over = AbortSignal.timeout(15_000);
      const [code] = (await once(started, 'close', { signal: over })) as [number | null];
      expect([output.trim(), code]).toEqual(['the database is away', 0]);
    });
  });
});

function copy(value: unknown): { value: object } {
  return { value: { ...(value as object) } };
}
