import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Inject, Injectable, Module, Scope } from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { type EtcdEvent, EtcdModule, EtcdService, EtcdWatch } from 'nestjs-etcd';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { CapturingLogger } from './capturing-logger.js';
import { brief, refusal, Watching } from './watching.js';

describe('An application with @EtcdWatch', () => {
  let etcd: EtcdMember;
  let seen: string[];

  beforeAll(async () => {
    etcd = await EtcdMember.start();
  });

  afterAll(() => etcd.stop());

  beforeEach(() => {
    seen = [];
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

  describe('does not start', () => {
    it.each([
      [
        'a name that no module has',
        'adit',
        /Lost#onChange is for the connection 'adit'.*'audit'.*forRoot\(\{ name: 'adit'/,
      ],
      [
        'none, and there is no default one',
        undefined,
        /Lost#onChange is for the default connection.*'audit'.*`connection`/,
      ],
    ])('with a handler for %s', async (_, connection, message) => {
      @Injectable()
      class Lost {
        @EtcdWatch('/lost', { connection })
        onChange() {}
      }
      const error = await refusal({
        imports: [EtcdModule.forRoot({ hosts: etcd.url, name: 'audit' })],
        providers: [Lost],
      });
      expect(error).toMatchObject({ code: 'ETCD_OPTIONS', message: expect.stringMatching(message) });
    });

    it('with a handler of a class that is made for each request, or for each place that injects it', async () => {
      @Injectable({ scope: Scope.REQUEST })
      class PerRequest {
        @EtcdWatch('/scope')
        onChange() {}
      }
      @Controller()
      class NeedsRequest {
        constructor(@Inject(REQUEST) readonly request: unknown) {}

        @EtcdWatch('/scope')
        onChange() {}
      }
      @Injectable({ scope: Scope.TRANSIENT })
      class PerPlace {
        @EtcdWatch('/scope')
        onChange() {}
      }
      const imports = [EtcdModule.forRoot({ hosts: etcd.url })];
      expect((await refusal({ imports, providers: [PerRequest] })).message).toMatch(
        /the @EtcdWatch of PerRequest#onChange cannot be called: it is request-scoped.*Move it to a provider of the default scope/,
      );
      expect((await refusal({ imports, controllers: [NeedsRequest] })).message).toMatch(
        /NeedsRequest#onChange cannot be called: it is request-scoped, or depends on something that is/,
      );
      expect((await refusal({ imports, providers: [PerPlace] })).message).toMatch(
        /PerPlace#onChange cannot be called: its scope is TRANSIENT/,
      );
    });

    it.each<[string, () => string | string[], unknown[], RegExp]>([
      ['fails', () => { throw new Error('no such setting'); }, [], /Orders#onChange has no key.*no such setting/], // prettier-ignore
      ['gives no key', () => ['a', ''], [], /Orders#onChange has no key.*empty segment/],
      ['wants what is not there', () => '/a', ['MISSING'], /Orders#onChange has no key.*MISSING/],
    ])('with a key whose function %s', async (_, key, inject, message) => {
      @Injectable()
      class Orders {
        @EtcdWatch(key, { inject: inject as string[] })
        onChange() {}
      }
      const error = await refusal({
        imports: [EtcdModule.forRoot({ hosts: etcd.url })],
        providers: [Orders],
      });
      expect(error.message).toMatch(message);
    });
  });

  describe('with `watch: false`', () => {
    it('starts none, and what the application watches by itself works', async () => {
      @Injectable()
      class Quiet {
        @EtcdWatch('/quiet', { initial: true })
        onChange(event: EtcdEvent) {
          seen.push(brief(event));
        }
      }
      await using app = await Watching.start(
        { options: { hosts: etcd.url, watch: false }, providers: [Quiet] },
        0,
      );
      const watcher = app.etcd.watch('/quiet');
      await watcher.ready;
      await app.etcd.set('/quiet', '1');
      expect((await watcher.next()).value).toMatchObject({ action: 'set' });
      expect(seen).toEqual([]);
      expect(app.told).toEqual([]);
    });

    it('is one of the forms of `watch`, and the other one reaches the client', async () => {
      const start = (watch: unknown) =>
        Test.createTestingModule({ imports: [EtcdModule.forRoot({ watch: watch as false })] }).compile();
      await expect(start(true)).rejects.toThrow(
        '`watch`: expected false, or an object with `rearm`, got true',
      );
      await expect(start('no')).rejects.toThrow("got 'no' (string); leave it out to start every watch");
      await expect(start({ rearm: 0 })).rejects.toThrow('`watch.rearm`: expected milliseconds');
      await expect(start({ rarm: 0 })).rejects.toThrow('`rarm`: no such option');
      await (await start({ rearm: 5_000 })).close();
      await (await start(undefined)).close();
    });
  });

  it('is left alone where a test has put something else in the place of the service', async () => {
    const logger = new CapturingLogger();
    const app = await Test.createTestingModule({ imports: [EtcdModule.forRoot()], providers: [Last] })
      .overrideProvider(EtcdService)
      .useValue({ get: () => 'fake' })
      .setLogger(logger)
      .compile();
    await app.init();
    await app.close();
    expect(logger.of('EtcdModule')).toEqual([
      {
        level: 'warn',
        message: expect.stringMatching(/^1 @EtcdWatch are not started.*without `watch`/),
        context: 'EtcdModule',
      },
    ]);
  });

  it('works in two applications of one process, each for its own', async () => {
    @Injectable()
    class Both {
      @EtcdWatch('/two', { initial: true })
      onChange({ action }: EtcdEvent) {
        seen.push(action);
      }
    }
    @Module({ imports: [EtcdModule.forRoot({ hosts: etcd.url })], providers: [Both] })
    class AppModule {}
    const first = await NestFactory.createApplicationContext(AppModule, { logger: false });
    const second = await NestFactory.createApplicationContext(AppModule, { logger: false });
    await calls(2);
    await second.get(EtcdService).set('/two', '1');
    await calls(4);
    await first.close();
    await second.get(EtcdService).delete('/two');
    expect(await calls(5)).toEqual(['resync', 'resync', 'set', 'set', 'delete']);
    await second.close();
  });
});
