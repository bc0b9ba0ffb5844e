import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Dispatcher } from 'undici';
import { END, HttpStub, RESET, type StubHandler } from '../../../test/support/http-stub.js';
import { freePort, waitFor } from '../../../test/support/wait-for.js';
import { Connector } from './connector.js';
import { ReaderConnection } from './reader-connection.js';

/** Keeps what it is told, and copies of what must not be kept. */
class Recorder implements Dispatcher.DispatchHandler {
  readonly told: string[] = [];
  body = '';
  error: (Error & { code?: string }) | undefined;
  abort: ((cause?: Error) => void) | undefined;
  /** Called when it is about to be sent. */
  atConnect: () => void = () => undefined;

  get isOver(): boolean {
    return this.told.includes('complete') || this.error !== undefined;
  }

  onConnect(abort: (cause?: Error) => void): void {
    this.told.push('connect');
    this.abort = abort;
    this.atConnect();
  }

  onHeaders(status: number, headers: Buffer[]): boolean {
    this.told.push(`${status} ${headers.map(String).join(' ')}`);
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.body += String(chunk);
    return true;
  }

  onComplete(): void {
    this.told.push('complete');
  }

  onError(error: Error): void {
    this.told.push('error');
    this.error = error;
  }
}

async function* steps(...all: (string | typeof END | typeof RESET)[]) {
  for (const step of all) {
    yield step;
    await sleep(5);
  }
}

const head = 'HTTP/1.1 200 OK\r\nX-Etcd-Index: 7\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('ReaderConnection', () => {
  let stub: HttpStub;
  let connector: Connector;
  let connection: ReaderConnection;
  let recorder: Recorder;

  beforeEach(async () => {
    stub = await HttpStub.start(() => steps());
    connector = new Connector(undefined, 1_000);
    connection = new ReaderConnection(stub.url, connector);
    recorder = new Recorder();
  });
  afterEach(async () => {
    await connection.destroy(new Error('the end'));
    connector.close();
    await stub.stop();
  });

  const send = (handler: StubHandler) => {
    stub.handler = handler;
    const headers = ['authorization', 'Basic dTpw'];
    connection.dispatch({ path: '/v2/keys/a?wait=true', method: 'GET', headers, body: null }, recorder);
  };

  it('sends one request, and tells of the answer while it comes', async () => {
    send(() => steps(head, '2\r\nhe\r\n'));
    await waitFor(() => recorder.body === 'he');
    expect(stub.requests).toMatchObject([
      {
        method: 'GET',
        path: '/v2/keys/a?wait=true',
        body: '',
        headers: { host: new URL(stub.url).host, authorization: 'Basic dTpw' },
      },
    ]);
    expect(recorder.told).toEqual(['connect', '200 X-Etcd-Index 7 Transfer-Encoding chunked']);
  });

  it('ends with its answer', async () => {
    send(() => steps(head, '2\r\nhe\r\n', '3\r\nllo\r\n', '0\r\n\r\n'));
    await waitFor(() => recorder.isOver);
    expect(recorder).toMatchObject({ body: 'hello', error: undefined });
    await connection.destroy(new Error('late'));
    await waitFor(() => stub.openConnections === 0);
    expect(recorder.told.at(-1)).toBe('complete');
  });

  /** Sends so many requests before anything is answered. */
  const sendMany = (count: number, handler: StubHandler) => {
    stub.handler = handler;
    return Array.from({ length: count }, (_, i) => {
      const each = new Recorder();
      connection.dispatch({ path: `/${i}`, method: 'GET', headers: [], body: null }, each);
      return each;
    });
  };

  it('sends what is asked for without waiting, and gives each its answer', async () => {
    let arrived = 0;
    const recorders = sendMany(20, async ({ path }) => {
      await waitFor(() => (arrived = stub.requests.length) >= 20);
      // Of different length, so that they begin and end anywhere in what is read at a time.
      const text = path.repeat(1 + (Number(path.slice(1)) % 7) * 300);
      return `${head}${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
    });
    await waitFor(() => recorders.every(({ isOver }) => isOver));
    expect(arrived).toBe(20);
    expect(stub.connections).toBe(1);
    for (const [i, { body, error }] of recorders.entries())
      expect({ body: body.slice(0, 3), length: body.length, error }).toEqual({
        body: `/${i}/${i}`.slice(0, i === 0 || i % 7 === 0 ? `/${i}`.length : 3),
        length: `/${i}`.length * (1 + (i % 7) * 300),
        error: undefined,
      });
    // And then what is asked for later.
    const [later] = sendMany(1, () => `${head}2\r\nhe\r\n0\r\n\r\n`);
    await waitFor(() => later?.isOver === true);
    expect(later?.body).toBe('he');
    expect(stub.connections).toBe(1);
  });

  it('fails all that wait behind an answer that is cut off', async () => {
    const recorders = sendMany(3, ({ path }) =>
      path === '/0' ? `${head}0\r\n\r\n` : steps(head, '2\r\nh', END),
    );
    await waitFor(() => recorders.every(({ isOver }) => isOver));
    expect(recorders.map(({ error }) => error?.code)).toEqual([undefined, 'ECONNRESET', 'ECONNRESET']);
    expect(stub.requests.map(({ path }) => path)).toEqual(['/0', '/1', '/2']);
  });

  it('takes nothing for an answer that comes before it is asked for', async () => {
    const [first] = sendMany(1, () => `${head}0\r\n\r\n${head}6\r\nforged\r\n0\r\n\r\n`);
    await waitFor(() => first?.isOver === true);
    await waitFor(() => stub.openConnections === 0);
    const [second] = sendMany(1, () => `${head}2\r\nhe\r\n0\r\n\r\n`);
    expect(second).toMatchObject({ body: '', error: { name: 'HttpSyntaxError' } });
  });

  it('takes nothing for an answer that comes when nothing is asked for', async () => {
    const [first] = sendMany(1, async function* late() {
      yield `${head}0\r\n\r\n`;
      await sleep(50);
      yield `${head}6\r\nforged\r\n0\r\n\r\n`;
    });
    await waitFor(() => first?.isOver === true);
    await waitFor(() => stub.openConnections === 0);
    expect(first?.error).toBeUndefined();
  });

  it('tells all of what is longer than its memory', async () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `${i}`).join();
    send(() => steps(head, `${text.length.toString(16)}\r\n${text}\r\n`));
    await waitFor(() => recorder.body.length === text.length);
    expect(recorder.body).toBe(text);
  });

  it.each<[string, StubHandler, object]>([
    ['a reset', () => steps(RESET), { code: 'ECONNRESET' }],
    ['an end before the answer', () => steps(END), { code: 'ECONNRESET' }],
    ['an end within the answer', () => steps(head, '2\r\nh', END), { code: 'ECONNRESET' }],
    ['what is no HTTP', () => steps('SSH-2.0-OpenSSH_9.2\r\n\r\n'), { name: 'HttpSyntaxError' }],
    ['what is no HTTP in the middle', () => steps(head, 'secret\r\n'), { name: 'HttpSyntaxError' }],
  ])('tells of %s once, and closes', async (_, handler, error) => {
    send(handler);
    await waitFor(() => recorder.isOver);
    expect(recorder.error).toMatchObject(error);
    await waitFor(() => stub.openConnections === 0);
    expect(recorder.told.filter((each) => each === 'error')).toHaveLength(1);
  });

  it('finds its way to an address of IPv6', async () => {
    const port = await freePort();
    const server = createServer((socket) => socket.end(`${head}0\r\n\r\n`)).listen(port, '::1');
    try {
      await once(server, 'listening');
      connection = new ReaderConnection(`http://[::1]:${port}`, connector);
      send(() => steps());
      await waitFor(() => recorder.isOver);
      expect(recorder).toMatchObject({ error: undefined });
    } finally {
      server.close();
    }
  });

  it('says that nothing was sent when nobody listens', async () => {
    connection = new ReaderConnection(`http://127.0.0.1:${await freePort()}`, connector);
    send(() => steps());
    await waitFor(() => recorder.isOver);
    expect(recorder).toMatchObject({ told: ['error'], error: { code: 'ECONNREFUSED' } });
  });

  it('is destroyed at any time: before it is used, while it connects, while it waits and while it is told', async () => {
    const cause = new Error('enough');
    send(() => steps());
    await connection.destroy(cause);
    expect(recorder).toMatchObject({ told: ['error'], error: cause });
    recorder = new Recorder();
    send(() => steps());
    expect(recorder).toMatchObject({ told: ['error'], error: cause });

    for (const body of ['', 'he']) {
      connection = new ReaderConnection(stub.url, connector);
      recorder = new Recorder();
      const before = stub.requests.length;
      send(() => (body === '' ? steps() : steps(head, `2\r\n${body}\r\n`)));
      await waitFor(() => stub.requests.length > before && recorder.body === body);
      await connection.destroy(cause);
      expect(recorder.error).toBe(cause);
      await waitFor(() => stub.openConnections === 0);
    }
    expect(stub.requests).toHaveLength(2);
  });

  it('ends a socket that is not connected yet', async () => {
    connector = new Connector(undefined, 60_000);
    const other = new ReaderConnection(stub.url.replace('http:', 'https:'), connector);
    other.dispatch({ path: '/', method: 'GET', headers: [], body: null }, recorder);
    await waitFor(() => stub.openConnections === 1);
    await other.close();
    expect(recorder.told).toEqual(['error']);
    // Long before the connector's timeout.
    await waitFor(() => stub.openConnections === 0);
  });

  it('sends nothing when it is aborted right before, and tells nothing more when it is later', async () => {
    recorder.atConnect = () => recorder.abort?.(new Error('too late'));
    send(() => steps(head, '0\r\n\r\n'));
    await waitFor(() => recorder.isOver);
    await waitFor(() => stub.openConnections === 0);
    expect(recorder).toMatchObject({ told: ['connect', 'error'], error: { message: 'too late' } });
    expect(stub.requests).toHaveLength(0);
  });
});
