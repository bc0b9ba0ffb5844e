import { Resolver } from 'node:dns/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { DnsServer } from './dns-server.js';
import { END, HttpStub, jsonResponse, RESET } from './http-stub.js';
import { rawRequest } from './raw-request.js';
import { TcpProxy } from './tcp-proxy.js';
import { waitFor } from './wait-for.js';

describe('TcpProxy', () => {
  let stub: HttpStub;
  let proxy: TcpProxy;
  beforeAll(async () => {
    stub = await HttpStub.start(() => jsonResponse(200, { text: 'x'.repeat(1_000) }));
    proxy = await TcpProxy.start(stub.url);
  });
  afterAll(async () => {
    await proxy.stop();
    await stub.stop();
  });

  it('resets the connection after a number of bytes of the response, the request having arrived', async () => {
    const arrived = stub.requests.length;
    for (const bytes of [0, 1, 200]) {
      proxy.cutAfter(bytes);
      await expect(rawRequest(proxy.url)).rejects.toMatchObject({ code: 'ECONNRESET' });
    }
    expect(stub.requests).toHaveLength(arrived + 3);
    expect(proxy.cuts).toBe(3);
    proxy.cutAfter(undefined);
    expect((await rawRequest(proxy.url)).status).toBe(200);
    await waitFor(() => proxy.openConnections === 0, { what: 'the connections to close' });
  });

  it('is silent as a black hole, and passes on afterwards what it held', async () => {
    const arrived = stub.requests.length;
    proxy.blackHole(true);
    const answer = rawRequest(proxy.url);
    await expect(rawRequest(proxy.url, { timeout: 300 })).rejects.toMatchObject({ code: 'ABORT_ERR' });
    expect(stub.requests).toHaveLength(arrived);
    proxy.blackHole(false);
    expect((await answer).status).toBe(200);
  });

  it('refuses connections and accepts them again on the same port', async () => {
    const { url } = proxy;
    await proxy.refuse();
    await expect(rawRequest(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await proxy.accept();
    expect(proxy.url).toBe(url);
    expect((await rawRequest(url)).status).toBe(200);
  });

  it('delays what comes from the server', async () => {
    proxy.delay(200);
    const start = performance.now();
    await rawRequest(proxy.url);
    expect(performance.now() - start).toBeGreaterThanOrEqual(195);
    proxy.delay(0);
  });
});

describe('HttpStub', () => {
  it('serves bytes in steps, and ends or resets the connection', async () => {
    await using stub = await HttpStub.start(async function* () {
      yield 'HTTP/1.1 200 OK\r\n\r\nhal';
      yield Buffer.from('f');
      yield END;
    });
    expect((await rawRequest(`${stub.url}/a?b=1`, { method: 'PUT', body: 'né' })).body).toBe('half');
    expect(stub.requests).toMatchObject([{ method: 'PUT', path: '/a?b=1', body: 'né', connection: 1 }]);

    stub.handler = async function* () {
      yield RESET;
    };
    await expect(rawRequest(stub.url)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('DnsServer', () => {
  it('answers from its table, and fails on request', async () => {
    await using dns = await DnsServer.start();
    const ask = (timeout: number) => {
      const resolver = new Resolver({ timeout, tries: 1 });
      resolver.setServers([dns.address]);
      return resolver;
    };
    const resolver = ask(10_000);
    const name = '_etcd-client._tcp.example.test';
    dns.setSrv(name, [
      { target: 'a.example.test', port: 2379, priority: 1, weight: 2 },
      { target: 'b.example.test', port: 2380 },
    ]);
    dns.setA('a.example.test', ['127.0.0.1']);

    expect(await resolver.resolveSrv(name)).toEqual([
      { name: 'a.example.test', port: 2379, priority: 1, weight: 2 },
      { name: 'b.example.test', port: 2380, priority: 0, weight: 0 },
    ]);
    expect(await resolver.resolve4('a.example.test')).toEqual(['127.0.0.1']);
    await expect(resolver.resolve6('a.example.test')).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolver.resolve4('nobody.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    dns.mode = 'servfail';
    await expect(resolver.resolveSrv(name)).rejects.toMatchObject({ code: 'ESERVFAIL' });
    dns.mode = 'silent';
    await expect(ask(200).resolveSrv(name)).rejects.toMatchObject({ code: 'ETIMEOUT' });
    expect(dns.queries[0]).toEqual({ name, type: 'SRV' });
  });
});

describe('waitFor', () => {
  it('names what it waited for, and why it was not fulfilled', async () => {
    const never = () => {
      throw new Error('not yet');
    };
    await expect(waitFor(never, { timeout: 30, what: 'the moon' })).rejects.toMatchObject({
      message: 'Waited 30 ms for the moon',
      cause: { message: 'not yet' },
    });
  });
});
