import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Pool } from 'undici';

import { END, HttpStub, jsonResponse, RESET, type StubHandler } from '../../../test/support/http-stub.js';
import { freePort } from '../../../test/support/wait-for.js';
import { EtcdResponseError, EtcdResponseTooLargeError } from '../errors/index.js';
import { exchange, type ExchangeLimits } from './exchange.js';
import type { EtcdRequest, HttpOutcome } from './request.js';

const get: EtcdRequest = { method: 'GET', path: '/v2/keys/a', read: true };

async function* steps(...all: (string | Buffer | typeof END | typeof RESET | number)[]) {
  for (const step of all) {
    if (typeof step === 'number') await sleep(step);
    else yield step;
  }
}

describe('exchange', () => {
  let stub: HttpStub;
  let pool: Pool;
  let ends: number;
  beforeEach(async () => {
    stub = await HttpStub.start(() => jsonResponse(200, {}));
    pool = new Pool(stub.url, { connections: 1, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
    ends = 0;
  });
  afterEach(async () => {
    await pool.destroy();
    await stub.stop();
  });

  function send(
    handler: StubHandler,
    { timeout = 2_000, ...limits }: Partial<ExchangeLimits> & { timeout?: number } = {},
    request: EtcdRequest = get,
  ): Promise<HttpOutcome> {
    stub.handler = handler;
    return exchange(
      pool,
      '/prefix',
      request,
      'Basic dTpw',
      {
        silence: 1_000,
        deadline: performance.now() + timeout,
        bytes: 1_000,
        signal: undefined,
        ...limits,
      },
      () => ends++,
    );
  }

  it('sends method, path below the prefix, credentials and body, and gives the whole answer', async () => {
    const outcome = await send(
      () =>
        jsonResponse(
          201,
          { a: 'ü' },
          {
            'x-etcd-cluster-id': 'ab',
            'X-ETCD-INDEX': 7,
            'X-Raft-Index': 9,
            'X-Raft-Term': 2,
            'X-Else': 1,
            Location: '/else',
          },
        ),
      {},
      { ...get, method: 'PUT', body: 'value=%C3%BC', contentType: 'application/x-www-form-urlencoded' },
    );
    expect(outcome).toEqual({
      kind: 'answer',
      status: 201,
      body: '{"a":"ü"}',
      clusterId: 'ab',
      etcdIndex: 7,
      raftIndex: 9,
      raftTerm: 2,
      location: '/else',
    });
    expect(stub.requests).toMatchObject([
      {
        method: 'PUT',
        path: '/prefix/v2/keys/a',
        body: 'value=%C3%BC',
        headers: { authorization: 'Basic dTpw', 'content-type': 'application/x-www-form-urlencoded' },
      },
    ]);
    expect(ends).toBe(1);
  });

  it.each([0, -1, 1.5, '1e999', 'NaN', 'x', '', '9007199254740993'])(
    'takes the index %j for no index',
    async (index) => {
      const outcome = await send(() => jsonResponse(200, {}, { 'X-Etcd-Index': index }));
      expect(outcome).toMatchObject({ kind: 'answer', etcdIndex: undefined });
    },
  );

  it('puts a body together that comes in pieces, cut within characters', async () => {
    const body = Buffer.from('{"a":"ü😀"}');
    const outcome = await send(() =>
      steps(
        `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`,
        ...[...body].map((byte) => Buffer.of(byte)),
      ),
    );
    expect(outcome).toMatchObject({ kind: 'answer', body: '{"a":"ü😀"}' });
  });

  it('waits for the answer behind interim ones', async () => {
    const outcome = await send(
      () => `${'HTTP/1.1 103 Hints\r\nX-Etcd-Index: 3\r\n\r\n'.repeat(3)}${jsonResponse(200, {})}`,
    );
    expect(outcome).toMatchObject({ kind: 'answer', status: 200, etcdIndex: undefined });
  });

  it.each<[string, StubHandler, object]>([
    [
      'a reset before any answer',
      () => steps(RESET),
      { phase: 'sent', status: undefined, outcome: 'ECONNRESET' },
    ],
    ['an end before any answer', () => steps(END), { phase: 'sent', outcome: 'UND_ERR_SOCKET' }],
    [
      'an end within the body',
      () => steps('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a"', END),
      { phase: 'answered', status: 200 },
    ],
    [
      'an end within a chunked body',
      () => steps('HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc', END),
      { phase: 'answered', status: 500 },
    ],
    [
      'a body shorter than its length and the end of the connection',
      () => steps('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\n{"a"', END),
      { phase: 'answered', outcome: 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' },
    ],
    [
      'a missing last chunk and the end of the connection',
      () => steps('HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc', END),
      { phase: 'answered', cause: { name: 'HTTPParserError' } },
    ],
    [
      'two lengths',
      () => 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
      { phase: 'sent', status: undefined },
    ],
    ['a status that is none', () => 'HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n', { phase: 'sent' }],
    [
      'a protocol change that nobody asked for',
      () => 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      { phase: 'sent', status: undefined },
    ],
  ])('tells %s with the phase and the status that it had', async (_, handler, expected) => {
    expect(await send(handler)).toMatchObject({ kind: 'failure', ...expected });
    expect(ends).toBe(1);
  });

  it.each<[string, string]>([
    ['garbage', 'garbage\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a wrong chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsecret-value\r\n'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nsecret-value'],
    ['headers beyond the limit', `HTTP/1.1 200 OK\r\n${'X-Flood: secret-value\r\n'.repeat(2_000)}\r\n`],
  ])('calls %s an answer that is not HTTP, and repeats none of it', async (_, bytes) => {
    const outcome = await send(() => bytes);
    expect(outcome).toMatchObject({ kind: 'failure', cause: { code: 'ETCD_RESPONSE' } });
    const { cause } = outcome as { cause: unknown };
    expect(cause).toBeInstanceOf(EtcdResponseError);
    expect((cause as Error).message).toMatch(/^The answer is not HTTP as etcd speaks it \((?:Resp|UND_ERR_)/);
    expect(inspect(outcome, { showHidden: true, depth: 9 })).not.toContain('secret');
  });

  it.each([[[0xff]], [[0xc3]], [[0xed, 0xa0, 0x80]], [[0xc0, 0xaf]]])(
    'refuses the bytes %j, which are no UTF-8',
    async (bytes) => {
      const outcome = await send(() =>
        steps(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`, Buffer.from(bytes)),
      );
      expect(outcome).toMatchObject({
        kind: 'failure',
        phase: 'answered',
        outcome: 'an answer that is no UTF-8',
      });
    },
  );

  it('takes a body of the limit, cuts one that is a byte longer, and ends its connection', async () => {
    const text = (length: number) =>
      `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`;
    expect(await send(() => text(1_000))).toMatchObject({ kind: 'answer' });
    const outcome = await send(() => text(1_001));
    expect(outcome).toMatchObject({ kind: 'failure', phase: 'answered', status: 200 });
    expect((outcome as { cause: unknown }).cause).toBeInstanceOf(EtcdResponseTooLargeError);
    await send(() => jsonResponse(200, {}));
    expect(stub.requests.map(({ connection }) => connection)).toEqual([1, 1, 2]);
  });

  it('gives a member up that is silent, before its answer and in the middle of it', async () => {
    for (const [handler, phase] of [
      [() => steps(), 'sent'],
      [() => 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{', 'answered'],
    ] as [StubHandler, string][]) {
      const start = performance.now();
      expect(await send(handler, { silence: 100, timeout: 10_000 })).toMatchObject({
        phase,
        outcome: 'no answer within 100 ms',
      });
      // An answer that has begun is given one more period, because silence is only looked at once in each. The rest is
      // for a busy machine, and still far from the deadline.
      expect(performance.now() - start).toBeLessThan(2_000);
    }
  });

  it('bears an answer that trickles until the deadline, and no longer', async () => {
    const trickle = async function* () {
      yield 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
      for (;;) {
        await sleep(20);
        yield '1\r\nx\r\n';
      }
    };
    const start = performance.now();
    const outcome = await send(() => trickle(), { silence: 1_000, timeout: 2_500 });
    const took = performance.now() - start;
    expect(outcome).toMatchObject({ phase: 'answered', outcome: 'no whole answer before the deadline' });
    expect(took).toBeGreaterThanOrEqual(2_495);
    // It would trickle for ever.
    expect(took).toBeLessThan(10_000);
  });

  it('does not take interim answers for a sign of life', async () => {
    const flood = async function* () {
      for (;;) {
        yield 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(10);
        await sleep(20);
      }
    };
    expect(await send(() => flood(), { silence: 100 })).toMatchObject({
      phase: 'sent',
      outcome: 'no answer within 100 ms',
    });
  });

  it('ends with its signal: before it is sent, while it waits for a connection, and on its way', async () => {
    const reason = new Error('enough');
    expect(await send(() => jsonResponse(200, {}), { signal: AbortSignal.abort(reason) })).toMatchObject({
      kind: 'failure',
      phase: 'unsent',
      outcome: 'aborted',
      cause: reason,
    });
    expect(stub.requests).toHaveLength(0);

    const controller = new AbortController();
    const first = send(() => steps(), { signal: controller.signal });
    const queued = send(() => steps(), { signal: controller.signal });
    while (stub.requests.length === 0) await sleep(5);
    controller.abort(reason);
    expect(await first).toMatchObject({ phase: 'sent', outcome: 'aborted', cause: reason });
    expect(await queued).toMatchObject({ phase: 'unsent', outcome: 'aborted', cause: reason });
    expect(stub.requests).toHaveLength(1);
    expect(ends).toBe(3);
  });

  it('says that nothing was sent when nobody listens', async () => {
    const dead = new Pool(`http://127.0.0.1:${await freePort()}`);
    const limits = { silence: 1_000, deadline: performance.now() + 1_000, bytes: 10, signal: undefined };
    expect(await exchange(dead, '', get, undefined, limits, () => undefined)).toMatchObject({
      phase: 'unsent',
      outcome: 'ECONNREFUSED',
    });
    await dead.destroy();
    expect(await exchange(dead, '', get, undefined, limits, () => undefined)).toMatchObject({
      phase: 'unsent',
    });
  });
});
