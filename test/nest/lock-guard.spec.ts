import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, type ExecutionContext, Get, Post, UseGuards, UseInterceptors } from '@nestjs/common';
import { type INestApplication, Injectable } from '@nestjs/common';
import {
  CurrentLock,
  EtcdClient,
  EtcdLeaseLostError,
  EtcdLock,
  type EtcdLockHandle,
  LockGuard,
  LockInterceptor,
} from 'nestjs-etcd';
import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { adapters, listen, moment } from './locking.js';

/** Takes what is written, as the adapters of functions in clouds do. */
class Writing extends Writable {
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

interface Order {
  readonly params: { readonly id: string };
}
const orderOf = (context: ExecutionContext): string =>
  `orders/${context.switchToHttp().getRequest<Order>().params.id}`;

let begun: ReturnType<typeof moment<EtcdLockHandle>>;
let end: ReturnType<typeof moment>;

@Injectable()
class SkippingGuard extends LockGuard {
  protected override shouldSkip(): boolean {
    return true;
  }
}

@Controller()
class Orders {
  @Post('pay/:id')
  @UseGuards(LockGuard)
  @EtcdLock(orderOf, { ttl: 30 })
  async pay(@CurrentLock() lock: EtcdLockHandle) {
    begun.happen(lock);
    await Promise.race([
      end.happened,
      new Promise((resolve) => lock.signal.addEventListener('abort', resolve)),
    ]);
    return { token: lock.fencingToken, isHeld: lock.isHeld };
  }

  @Post('wait/:id')
  @UseGuards(LockGuard)
  @EtcdLock(orderOf, { ttl: 30, wait: 10_000, status: 423, retryAfter: 7 })
  waits(@CurrentLock() lock: EtcdLockHandle) {
    return { token: lock.fencingToken };
  }

  @Post('locked/:id')
  @UseGuards(LockGuard)
  @EtcdLock(orderOf, { status: 423, retryAfter: 7 })
  locked() {
    return 'got it';
  }

  @Post('fails')
  @UseGuards(LockGuard)
  @EtcdLock('fails')
  fails() {
    throw new Error('on purpose');
  }

  @Post('twice')
  @UseGuards(LockGuard, LockGuard)
  @UseInterceptors(LockInterceptor)
  @EtcdLock('twice')
  twice(@CurrentLock() lock: EtcdLockHandle) {
    return { name: lock.name };
  }

  @Get('free')
  @UseGuards(LockGuard)
  free(@CurrentLock() lock?: EtcdLockHandle) {
    return { isLocked: lock !== undefined };
  }

  @Post('skipping')
  @UseGuards(SkippingGuard)
  @EtcdLock('skipping')
  skipping(@CurrentLock() lock?: EtcdLockHandle) {
    return { isLocked: lock !== undefined };
  }
}

describe.each(adapters)('LockGuard on %s', (_name, adapter) => {
  let etcd: EtcdMember;
  let outside: EtcdClient;
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    etcd = await EtcdMember.start({ proxy: true });
    outside = new EtcdClient({ hosts: etcd.directUrl, sync: false, ...patient });
    const options = { hosts: etcd.url, sync: false, ...patient };
    ({ app, url } = await listen(adapter(), options, { controllers: [Orders] }));
  });
  afterAll(async () => {
    await app.close();
    await outside.close();
    await etcd.stop();
  });
  beforeEach(() => {
    begun = moment<EtcdLockHandle>();
    end = moment();
  });
  afterEach(() => {
    etcd.proxy?.blackHole(false);
    end.happen(undefined);
  });

  const post = (path: string, signal?: AbortSignal): Promise<Response> =>
    fetch(`${url}/${path}`, { method: 'POST', ...(signal && { signal }) });
  const holder = (name: string) => outside.lock(name).holder();

  it('holds the lock while the handler runs, gives it to the handler, and then gives it back', async () => {
    const answer = post('pay/1');
    const lock = await begun.happened;
    expect(lock).toMatchObject({ name: 'orders/1', isHeld: true, ttl: 30 });
    await expect(holder('orders/1')).resolves.toMatchObject({ uuid: lock.uuid });
    await expect(holder('orders/2')).resolves.toBeUndefined();
    end.happen(undefined);
    const response = await answer;
    expect(response.status).toBe(201);
    await expect(response.json()).resolves.toEqual({ token: lock.fencingToken, isHeld: true });
    await waitFor(async () => (await holder('orders/1')) === undefined);
  });

  it('refuses what is locked with 409 and Retry-After, or as the handler says', async () => {
    await using lock = await outside.lock('orders/3').acquire();
    const refused = await post('pay/3');
    expect(refused.status).toBe(409);
    expect(refused.headers.get('retry-after')).toBe('1');
    await expect(refused.json()).resolves.toEqual({
      statusCode: 409,
      error: 'Conflict',
      message: 'It is locked by another request.',
      code: 'ETCD_LOCK_NOT_ACQUIRED',
    });
    const locked = await post('locked/3');
    expect(locked.status).toBe(423);
    expect(locked.headers.get('retry-after')).toBe('7');
    await waitFor(async () => (await outside.lock('orders/3').waiters()).length === 0);
    expect(lock.isHeld).toBe(true);
  });

  it('waits for others, where it may', async () => {
    const lock = await outside.lock('orders/4').acquire();
    const answer = post('wait/4');
    await waitFor(async () => (await outside.lock('orders/4').waiters()).length === 1);
    await lock.release();
    const response = await answer;
    expect(response.status).toBe(201);
    expect(((await response.json()) as { token: number }).token).toBeGreaterThan(lock.fencingToken);
  });

  it('leaves the queue when the client goes away while it waits', async () => {
    await using lock = await outside.lock('orders/5').acquire();
    const leaving = new AbortController();
    const answer = post('wait/5', leaving.signal);
    await waitFor(async () => (await outside.lock('orders/5').waiters()).length === 1);
    leaving.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    await waitFor(async () => (await outside.lock('orders/5').waiters()).length === 0);
    expect(lock.isHeld).toBe(true);
  });

  it('aborts the signal and gives the lock back when the connection is lost while the handler runs', async () => {
    const leaving = new AbortController();
    const answer = post('pay/6', leaving.signal);
    const lock = await begun.happened;
    leaving.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    await waitFor(() => lock.signal.aborted);
    expect(lock.signal.reason).toBeInstanceOf(EtcdLeaseLostError);
    expect(lock.isHeld).toBe(false);
    await waitFor(async () => (await holder('orders/6')) === undefined);
  });

  it('aborts the signal when the lock is lost, and leaves the outcome to the handler', async () => {
    const answer = post('pay/7');
    const lock = await begun.happened;
    await outside.delete(lock.key);
    const response = await answer;
    expect(response.status).toBe(201);
    await expect(response.json()).resolves.toEqual({ token: lock.fencingToken, isHeld: false });
  });

  it('gives the lock back when the handler fails', async () => {
    expect((await post('fails')).status).toBe(500);
    await waitFor(async () => (await holder('fails')) === undefined);
    expect((await post('fails')).status).toBe(500);
  });

  it('lets handlers pass that want no lock, and what a guard of the application skips', async () => {
    await expect((await fetch(`${url}/free`)).json()).resolves.toEqual({ isLocked: false });
    await expect((await post('skipping')).json()).resolves.toEqual({ isLocked: false });
  });

  it('takes the lock once for a request, however often it stands over the handler', async () => {
    const response = await post('twice');
    expect(response.status).toBe(201);
    await expect(response.json()).resolves.toEqual({ name: 'twice' });
    await waitFor(async () => (await holder('twice')) === undefined);
  });

  it('gives the lock back when a response without a socket is finished', async () => {
    const request = new IncomingMessage(new Socket());
    Object.assign(request, { method: 'POST', url: '/locked/10', headers: {} });
    const response = new ServerResponse(request);
    const finished = once(response, 'finish');
    app.getHttpAdapter().getHttpServer().emit('request', request, response);
    response.assignSocket(new Writing() as unknown as Socket);
    await finished;
    expect(response.statusCode).toBe(201);
    await waitFor(async () => (await holder('orders/10')) === undefined);
  });

  it('lets one of many requests at once pass', async () => {
    const answers = Array.from({ length: 8 }, () => post('pay/9'));
    await begun.happened;
    const refused: number[] = [];
    for (const answer of answers)
      void answer.then(({ status }) => (status === 409 ? refused.push(status) : undefined));
    await waitFor(() => refused.length === 7);
    end.happen(undefined);
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
  });

  it('answers 503 with Retry-After when etcd is away', async () => {
    const options = { hosts: etcd.url, sync: false, timeout: 1_000 };
    const hasty = await listen(adapter(), options, { controllers: [Orders] });
    etcd.proxy?.blackHole(true);
    const response = await fetch(`${hasty.url}/locked/8`, { method: 'POST' });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    await expect(response.json()).resolves.toMatchObject({ statusCode: 503 });
    await hasty.app.close();
  });
});
