import { describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdResponseError, EtcdResponseTooLargeError } from 'nestjs-etcd/client';

import { HostileServer, type Step } from './hostile-server.js';
import { runHostileCases } from './run-cases.js';

const goodHello = Buffer.from(
  'HTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: ab\r\nContent-Length: 14\r\n\r\n{"members":[]}',
);

describe('Hostile answers', () => {
  it('end in a typed error or in what they say, in time, once, and without a secret', async () => {
    const { faults, cases, results, codes } = await runHostileCases(500, 3, 8);
    expect(faults).toEqual([]);
    expect(cases).toBe(500);
    // Both ways out are taken, and many of the errors are met: which ones is a matter of chance, and of what a busy machine
    // answers in time.
    expect(results).toBeGreaterThan(10);
    expect(Object.keys(codes).length).toBeGreaterThan(6);
  });

  it.each([
    ['brackets', `${'['.repeat(1e6)}${']'.repeat(1e6)}`],
    ['brackets that stay open', '['.repeat(1e6)],
    ['nodes', `{"action":"get","node":${'{"nodes":['.repeat(1e5)}{}${']}'.repeat(1e5)}}`],
    ['fields', `{"id":${'{"id":'.repeat(1e6)}""${'}'.repeat(1e6)}}`],
  ])('of a million levels are no answers: %s', async (_, body) => {
    await using server = await HostileServer.start(goodHello);
    const bytes = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    server.begin({ greeting: [], hello: undefined, answer: () => [{ do: 'send', bytes }] });
    await using etcd = new EtcdClient({ hosts: server.url, timeout: 10_000, tryTimeout: 10_000 });
    await expect(etcd.get('/a')).rejects.toBeInstanceOf(EtcdResponseError);
    await expect(etcd.leader()).rejects.toBeInstanceOf(EtcdResponseError);
  });

  const head = (rest: string) => Buffer.from(`HTTP/1.1 200 OK\r\n${rest}\r\n\r\n`);
  const megabyte = Buffer.alloc(1 << 20, ' ');
  const endless: [string, readonly Step[]][] = [
    [
      'an endless body',
      [
        { do: 'send', bytes: head('Transfer-Encoding: chunked') },
        {
          do: 'flood',
          bytes: Buffer.concat([Buffer.from('100000\r\n'), megabyte, Buffer.from('\r\n')]),
          ms: 0,
        },
      ],
    ],
    [
      'a body of a gigabyte',
      [
        { do: 'send', bytes: head('Content-Length: 1000000000') },
        { do: 'flood', bytes: megabyte, ms: 0 },
      ],
    ],
  ];

  it.each(endless)('with %s are cut at the limit', async (_, steps) => {
    await using server = await HostileServer.start(goodHello);
    server.begin({ greeting: [], hello: undefined, answer: () => steps });
    await using etcd = new EtcdClient({ hosts: server.url, timeout: 20_000, tryTimeout: 20_000 });
    await etcd.get('/warm-up').catch(() => undefined);
    const limit = 32 << 20;
    const before = { rss: process.memoryUsage.rss(), sent: server.bytesSent };
    let most = 0;
    const watching = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5);
    await expect(etcd.get('/a')).rejects.toBeInstanceOf(EtcdResponseTooLargeError);
    clearInterval(watching);
    expect(most - before.rss).toBeLessThan(3 * limit);
    const sent = server.bytesSent - before.sent;
    expect(sent).toBeGreaterThan(limit);
    // What lies in the buffers of both sockets has been sent, and is thrown away.
    expect(sent).toBeLessThan(limit + (16 << 20));
  });
});
