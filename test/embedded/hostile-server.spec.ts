import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { formatHead } from '../../lib/testing/http/answer-head.js';
import { HttpDate } from '../../lib/testing/http/http-date.js';
import { HttpServer } from '../../lib/testing/http/http-server.js';
import { type AnswerListener, InProcessExchange } from '../../lib/testing/http/in-process.js';
import { Traffic } from '../../lib/testing/traffic.js';
import { Certificates } from '../support/certificates.js';
import { waitFor } from '../support/wait-for.js';
import { piece, Routes } from './routes.js';
import { Wire } from './wire.js';

const get = (target: string, version = '1.1'): string => `GET ${target} HTTP/${version}\r\nHost: x\r\n\r\n`;
let routes: Routes;
let traffic: Traffic;
let server: HttpServer;
let url: string;
const start = async (tls?: { cert: string; key: string }): Promise<void> => {
  routes = new Routes();
  traffic = new Traffic();
  server = await HttpServer.listen({ host: '127.0.0.1', port: 0, tls });
  url = `http://127.0.0.1:${server.port}`;
};

describe('HttpServer', () => {
  beforeEach(async () => {
    await start();
    server.serve({ handler: routes.handler, traffic });
  });
  afterEach(() => server.close());

  it('answers requests in order, also when a later one could be answered earlier', async () => {
    using wire = await Wire.open(url);
    wire.send(get('/late') + get('/a') + get('/late') + get('/b'));
    await waitFor(() => wire.received.includes('/b'), { interval: 2 });
    expect(wire.received.match(/late|\/a|\/b/g)).toEqual(['late', '/a', 'late', '/b']);
  });

  it('lets go of a client that does not wait for an answer that never comes', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write(get('/never'));
    await waitFor(() => traffic.requests.length === 1, { interval: 2 });
    socket.resetAndDestroy();
    using wire = await Wire.open(url);
    expect((await wire.exchange(get('/a'))).body).toBe('/a');
  });

  it('does not read what comes behind a request that is not answered yet, but for a little', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(get('/never'));
    await waitFor(() => traffic.requests.length === 1, { interval: 2 });
    let sent = 0;
    const send = (): void => {
      socket.write(piece, () => {
        sent += piece.length;
        if (sent < 32 * 1_048_576) send();
      });
    };
    send();
    let seen = -1;
    await waitFor(() => seen === (seen = sent), { interval: 1_000 });
    // The system keeps some of it on both sides.
    expect(sent).toBeLessThan(16 * 1_048_576);
    socket.destroy();
  });

  it('answers what a handler throws, at once or late, and closes the connection', async () => {
    for (const [target, message] of [
      ['/error', 'An error of the handler'],
      ['/late-error', 'A late error'],
    ] as const) {
      using wire = await Wire.open(url);
      const { statusLine, body } = await wire.exchange(get(target));
      expect([statusLine, body]).toEqual([
        'HTTP/1.1 500 Internal Server Error',
        `{"message":"Error: ${message}"}`,
      ]);
      await waitFor(() => !wire.isOpen, { interval: 2 });
    }
  });

  it('sends a long body in pieces, and lets others have their turn', async () => {
    using wire = await Wire.open(url);
    using other = await Wire.open(url);
    const long = wire.exchange(get('/pieces/30'), 20_000);
    await waitFor(() => routes.pieces > 0, { interval: 0 });
    expect((await other.exchange(get('/a'))).body).toBe('/a');
    expect(routes.pieces).toBeLessThan(30);
    const { body, complete } = await long;
    expect([body.length, complete, body.endsWith('the end')]).toEqual([30 * 65_536 + 7, true, true]);
    expect((await wire.exchange(get('/a'))).body).toBe('/a');
  });

  it('sends a short body in pieces as a whole one, and no body to HEAD', async () => {
    using wire = await Wire.open(url);
    expect((await wire.exchange(get('/pieces/0'))).headers).toContainEqual(['Content-Length', '7']);
    const head = await wire.exchange(get('/pieces/9').replace('GET', 'HEAD'));
    expect([head.body, routes.isLetGo]).toEqual(['', true]);
    using old = await Wire.open(url);
    const { statusLine, chunks, body } = await old.exchange(get('/pieces/1', '1.0'));
    expect([statusLine, chunks, body]).toEqual(['HTTP/1.0 200 OK', undefined, `${piece}the end`]);
  });

  it('takes no more pieces than a client reads, and none once it is gone', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.pause();
    socket.write(get('/pieces/10000'));
    let seen = -1;
    await waitFor(() => routes.pieces > 0 && seen === (seen = routes.pieces), { interval: 50 });
    // As much as the system keeps for a connection.
    expect(routes.pieces).toBeLessThan(500);
    socket.destroy();
    await waitFor(() => routes.isLetGo, { interval: 2 });
  });

  it('keeps early connections until it serves', async () => {
    await using early = {
      server: await HttpServer.listen({ host: '127.0.0.1', port: 0 }),
      [Symbol.asyncDispose]: () => early.server.close(),
    };
    using wire = await Wire.open(`http://127.0.0.1:${early.server.port}`);
    const answer = wire.exchange(get('/early'));
    await sleep(20);
    early.server.serve({ handler: routes.handler, traffic });
    expect((await answer).body).toBe('/early');
  });

  it('ends with all its connections, whatever they are about, and may be ended again', async () => {
    const sockets = ['', 'GET', get('/never'), get('/pieces/1000'), get('/a')].map((bytes) => {
      const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => undefined);
      socket.pause().write(bytes);
      return socket;
    });
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    await waitFor(() => traffic.requests.length === 3, { interval: 2 });
    await server.close();
    await server.close();
    await expect(Wire.open(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    for (const socket of sockets) socket.destroy();
  });
});

describe('HttpServer with TLS', () => {
  let certificates: Certificates;
  beforeEach(async () => {
    certificates = await Certificates.create();
    await start(await certificates.issue());
    server.serve({ handler: routes.handler, traffic });
  });
  afterEach(async () => {
    await server.close();
    certificates.dispose();
  });

  const open = async (): Promise<Socket> => {
    const ca = certificates.ca.cert;
    const socket = connectTls({
      port: server.port,
      host: '127.0.0.1',
      ca,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    await once(socket, 'secureConnect');
    return socket;
  };

  it('answers, long first lines included', async () => {
    const socket = await open();
    expect(socket).toMatchObject({ alpnProtocol: 'http/1.1' });
    socket.write(get(`/secret?${'x'.repeat(10_000)}`));
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\/secret$/);
    socket.destroy();
  });

  it('lets a request fail by a reset', async () => {
    traffic.failNext({ reset: true });
    const socket = await open();
    socket.on('error', () => undefined);
    socket.write(get('/a'));
    await expect(once(socket, 'close')).resolves.toBeDefined();
  });

  it('ends with who has not begun to encrypt, and with who never will', async () => {
    const plain = connect(server.port, '127.0.0.1');
    const silent = connect(server.port, '127.0.0.1');
    for (const socket of [plain, silent]) socket.on('error', () => undefined);
    const closed = [once(plain, 'close'), once(silent, 'close')];
    plain.write(get('/a'));
    await closed[0];
    await open();
    await server.close();
    await expect(closed[1]).resolves.toBeDefined();
  });
});

describe('A request in the process', () => {
  beforeEach(() => {
    routes = new Routes();
    traffic = new Traffic();
  });

  /** What a listener was told, in short. */
  const ask = (target: string, takes = true): { told: string[]; exchange: InProcessExchange } => {
    const told: string[] = [];
    const listener: AnswerListener = {
      onHead: (status, headers) => void told.push(`${status} ${headers.map(([name]) => name).join(' ')}`),
      onData: (text) => (told.push(text.slice(0, 20)), takes),
      onEnd: () => void told.push('end'),
      onCut: () => void told.push('cut'),
    };
    const service = { handler: routes.handler, traffic };
    const request = { method: 'GET', target, headers: {}, body: '' };
    return { told, exchange: InProcessExchange.start(service, request, { date: new HttpDate(), listener }) };
  };
  const cors = ['Headers', 'Methods', 'Origin'].map((name) => `Access-Control-Allow-${name}`).join(' ');

  it('is answered before the call returns, if it can be', () => {
    expect(ask('/a%20b').told).toEqual([`200 ${cors} Date Content-Length`, '/a b', 'end']);
    expect(traffic.requests).toEqual([{ method: 'GET', url: '/a%20b' }]);
  });

  it('is answered late, or not at all', async () => {
    const { told } = ask('/late');
    const never = ask('/never');
    expect(told).toEqual([]);
    await waitFor(() => told.includes('end'), { interval: 2 });
    never.exchange.abort();
    expect(never.told).toEqual([]);
  });

  it('fails as it is told to', () => {
    traffic.failNext({ status: 503, body: 'no' });
    expect(ask('/a').told.slice(1)).toEqual(['no', 'end']);
    traffic.failNext({ reset: true });
    expect(ask('/a').told).toEqual(['cut']);
    traffic.failNext({ cutAfterBytes: 10 });
    expect(ask('/a').told).toEqual(['cut']);
    const head = formatHead(
      { status: 200, headers: [] },
      2,
      { closes: false, said: undefined },
      { isOld: false, date: new HttpDate().now() },
    );
    traffic.failNext({ cutAfterBytes: head.length + 1 });
    expect(ask('/a').told.slice(1)).toEqual(['/', 'cut']);
  });

  it('waits while the server is paused', () => {
    traffic.pause();
    const { told } = ask('/a');
    expect(told).toEqual([]);
    traffic.resume();
    expect(told.at(-1)).toBe('end');
  });

  it('takes no more pieces than the listener does', async () => {
    const { told, exchange } = ask('/pieces/3', false);
    await sleep(10);
    expect(told).toHaveLength(2);
    while (!told.includes('end')) {
      exchange.resume();
      await sleep(1);
    }
    expect(told).toHaveLength(6);
  });
});
