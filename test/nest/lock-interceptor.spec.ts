import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Sse, Controller, Get, UseInterceptors, type ExecutionContext } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  EtcdClient,
  EtcdLock,
  type EtcdLockHandle,
  EtcdLockNotAcquiredError,
  EtcdLockReentryError,
  EtcdModule,
  getCurrentLock,
  LockInterceptor,
  WithLock,
} from 'nestjs-etcd';
import { concat, interval, map, take, type Observable } from 'rxjs';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { adapters, listen, moment } from './locking.js';

let gate: ReturnType<typeof moment>;
const seen: string[] = [];

/** A handler as microservices, WebSockets and GraphQL call it. */
@Injectable()
class Messages {
  @UseInterceptors(LockInterceptor)
  @EtcdLock((context: ExecutionContext) => `messages/${context.getArgByIndex<{ id: string }>(0).id}`)
  async handle(_message: { id: string }): Promise<EtcdLockHandle | undefined> {
    const lock = getCurrentLock();
    await gate.happened;
    return lock;
  }

  @UseInterceptors(LockInterceptor)
  @EtcdLock('failing')
  async fails(): Promise<void> {
    throw new Error('on purpose');
  }

  @UseInterceptors(LockInterceptor)
  @EtcdLock('again')
  async again(): Promise<void> {
    await this.locked();
  }

  @WithLock('again')
  async locked(): Promise<void> {}

  @UseInterceptors(LockInterceptor)
  async free(): Promise<boolean> {
    return getCurrentLock() === undefined;
  }
}

@Controller()
@UseInterceptors(LockInterceptor)
@EtcdLock('stream')
class Streams {
  @Get('held')
  held() {
    return { name: getCurrentLock()?.name };
  }

  @Get('waits')
  @EtcdLock('stream', { wait: 20_000 })
  waits() {
    seen.push('waits');
  }

  @Sse('ticks')
  ticks(): Observable<{ data: string }> {
    return concat(interval(20).pipe(take(2)), gate.happened).pipe(
      map((_value, tick) => ({ data: `${tick} ${getCurrentLock()?.name}` })),
    );
  }
}

describe('LockInterceptor', () => {
  let etcd: EtcdMember;
  let outside: EtcdClient;
  let app: TestingModule;

  beforeAll(async () => {
    etcd = await EtcdMember.start();
    outside = new EtcdClient({ hosts: etcd.url, ...patient });
    app = await Test.createTestingModule({
      imports: [EtcdModule.forRoot({ hosts: etcd.url })],
      providers: [Messages],
    }).compile();
    await app.init();
  });
  afterAll(async () => {
    await app.close();
    await outside.close();
    await etcd.stop();
  });

  type Call = (...args: unknown[]) => Promise<unknown>;
  const handler = (method: 'handle' | 'fails' | 'free' | 'again'): Call => {
    const instance = app.get(Messages);
    return app
      .get(ExternalContextCreator)
      .create(
        instance,
        instance[method] as (...args: unknown[]) => unknown,
        method,
        undefined,
        undefined,
        undefined,
        undefined,
        { interceptors: true, guards: true, filters: false },
        'rpc',
      ) as Call;
  };

  it('holds the lock while the handler runs, and gives it back', async () => {
    gate = moment();
    const handled = handler('handle')({ id: '1' });
    await waitFor(async () => (await outside.lock('messages/1').holder()) !== undefined);
    gate.happen(undefined);
    expect(await handled).toMatchObject({ name: 'messages/1' });
    await waitFor(async () => (await outside.lock('messages/1').holder()) === undefined);
  });

  it('rejects with the error of the client when others have the lock', async () => {
    await using lock = await outside.lock('messages/2').acquire();
    await expect(handler('handle')({ id: '2' })).rejects.toThrow(EtcdLockNotAcquiredError);
    expect(lock.isHeld).toBe(true);
  });

  it('refuses a handler its own lock once more, for which it would wait for ever', async () => {
    await expect(handler('again')()).rejects.toThrow(EtcdLockReentryError);
  });

  it('gives the lock back when the handler fails', async () => {
    await expect(handler('fails')()).rejects.toThrow('on purpose');
    await waitFor(async () => (await outside.lock('failing').holder()) === undefined);
  });

  it('leaves handlers alone that want no lock', async () => {
    await expect(handler('free')()).resolves.toBe(true);
  });

  it.each(adapters)(
    'works over HTTP on %s, and holds the lock until a stream has ended',
    async (_name, adapter) => {
      const { app: web, url } = await listen(adapter(), { hosts: etcd.url }, { controllers: [Streams] });
      gate = moment();
      try {
        const lock = await outside.lock('stream').acquire();
        const leaving = new AbortController();
        const waiting = fetch(`${url}/waits`, { signal: leaving.signal });
        await waitFor(async () => (await outside.lock('stream').waiters()).length === 1);
        leaving.abort();
        await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
        await waitFor(async () => (await outside.lock('stream').waiters()).length === 0);
        await lock.release();
        expect(seen).toEqual([]);
        await expect((await fetch(`${url}/held`)).json()).resolves.toEqual({ name: 'stream' });
        await waitFor(async () => (await outside.lock('stream').holder()) === undefined);
        const stream = await fetch(`${url}/ticks`);
        let told = '';
        const reading = (async () => {
          for await (const chunk of stream.body ?? []) told += Buffer.from(chunk).toString();
        })();
        await waitFor(() => told.includes('data: 1'));
        expect((await fetch(`${url}/held`)).status).toBe(409);
        gate.happen(undefined);
        await reading;
        expect(told.match(/data: .*/g)).toEqual(['data: 0 stream', 'data: 1 stream', 'data: 2 stream']);
        await waitFor(async () => (await outside.lock('stream').holder()) === undefined);
      } finally {
        gate.happen(undefined);
        await web.close();
      }
    },
  );
});
