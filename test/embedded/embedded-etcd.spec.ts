import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { EmbeddedEtcd, ManualClock } from '../../lib/testing/index.js';
import { rawRequest } from '../support/raw-request.js';
import { waitFor } from '../support/wait-for.js';
import { Wire } from './wire.js';

const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

describe('EmbeddedEtcd', () => {
  let clock: ManualClock;
  let server: EmbeddedEtcd;
  beforeEach(async () => {
    clock = new ManualClock();
    server = await EmbeddedEtcd.start({ clock });
  });
  afterEach(() => server.stop());

  const get = (path: string) => rawRequest(`${server.url}${path}`);
  const put = (path: string, body = '') =>
    rawRequest(`${server.url}${path}`, { method: 'PUT', headers: form, body });
  const watch = async (path: string): Promise<Wire> => {
    const wire = await Wire.open(server.url);
    wire.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await waitFor(() => wire.soFar(), { interval: 2 });
    return wire;
  };

  it('starts within milliseconds, on a port of its own, and gives that back', async () => {
    // The best of three, and generous, for a machine that does other things as well.
    const took: number[] = [];
    for (let i = 0; i < 3; i++) {
      const begin = performance.now();
      await using one = await EmbeddedEtcd.start();
      expect(await rawRequest(`${one.url}/version`)).toMatchObject({ status: 200 });
      took.push(performance.now() - begin);
    }
    expect(Math.min(...took)).toBeLessThan(500);
    const other = await EmbeddedEtcd.start();
    expect(other.clientURLs).toEqual([other.url]);
    const port = Number(new URL(other.url).port);
    await other.stop();
    await other.stop();
    await using again = await EmbeddedEtcd.start({ port, version: '3.5.1' });
    expect((await rawRequest(`${again.url}/version`)).body).toBe(
      '{"etcdserver":"3.5.1","etcdcluster":"3.5.0"}',
    );
  });

  it('advertises the address of who stands in front of it', async () => {
    await using fronted = await EmbeddedEtcd.start({ advertise: 'http://etcd.test:2379' });
    expect(fronted.clientURLs).toEqual(['http://etcd.test:2379']);
    expect((await rawRequest(`${fronted.url}/v2/machines`)).body).toBe('http://etcd.test:2379');
  });

  it('says which port is taken', async () => {
    const port = Number(new URL(server.url).port);
    await expect(EmbeddedEtcd.start({ port })).rejects.toThrow(`EADDRINUSE`);
  });

  it('refuses a history that cannot be', async () => {
    await expect(EmbeddedEtcd.start({ history: 0 })).rejects.toThrow(
      new RangeError('Expected `history` to be an integer from 1 and up, got 0'),
    );
  });

  it('lets keys expire by its clock, and tells who watches', async () => {
    await put('/v2/keys/a', 'value=1&ttl=30');
    using wire = await watch('/v2/keys/a?wait=true');
    clock.advance(29_999);
    expect((await get('/v2/keys/a')).status).toBe(200);
    clock.advance(1);
    expect((await get('/v2/keys/a')).status).toBe(404);
    await waitFor(() => wire.soFar()?.complete, { interval: 2 });
    expect(wire.soFar()?.body).toContain('"action":"expire"');
  });

  it('lets a key expire now, with or without a TTL', async () => {
    await put('/v2/keys/a/%C3%A9', 'value=1');
    server.expireNow('a/é');
    expect(await get('/v2/keys/a/%C3%A9?wait=true&waitIndex=5')).toMatchObject({
      status: 200,
      body: expect.stringContaining('"action":"expire"'),
    });
    expect(() => server.expireNow('/none')).toThrow('Key not found');
    expect(() => server.expireNow('/')).toThrow('Root is read only');
  });

  it('is silent while it is paused, watches and sweeps included', async () => {
    await put('/v2/keys/a', 'value=1&ttl=1');
    using wire = await watch('/v2/keys/a?wait=true');
    server.pause();
    clock.advance(5_000);
    const late = put('/v2/keys/b', 'value=1');
    const patience = rawRequest(`${server.url}/version`, { timeout: 50 });
    await expect(patience).rejects.toThrow('abort');
    expect([server.index, wire.soFar()?.body]).toEqual([4, '']);
    server.resume();
    expect((await late).status).toBe(201);
    clock.advance(500);
    await waitFor(() => wire.soFar()?.complete, { interval: 2 });
  });

  it('begins anew', async () => {
    await put('/v2/keys/a', 'value=1&ttl=1');
    using wire = await watch('/v2/keys/a?wait=true');
    server.failNext({ status: 500 });
    server.resetStore();
    expect([server.index, server.requests]).toEqual([3, []]);
    expect((await get('/v2/keys/a')).status).toBe(404);
    await waitFor(() => !wire.isOpen, { interval: 2 });
    expect(wire.soFar()?.complete).toBe(false);
    clock.advance(5_000);
    expect(server.index).toBe(3);
  });

  it('lets nothing of before into the new beginning', async () => {
    server.pause();
    const held = put('/v2/keys/held', 'value=1').catch(() => undefined);
    await waitFor(() => server.requests.length === 1, { interval: 2 });
    server.resetStore();
    server.resume();
    server.failNext({ delay: 20 });
    const delayed = put('/v2/keys/delayed', 'value=1').catch(() => undefined);
    await waitFor(() => server.requests.length === 1, { interval: 2 });
    server.resetStore();
    await Promise.all([held, delayed]);
    expect(server.index).toBe(3);
  });

  it('starts again at its address, with what it held, and ends when it is told to meanwhile', async () => {
    await put('/v2/keys/a', 'value=1');
    server.pause();
    server.resume();
    expect(server.raftTerm).toBe(2);
    await Promise.all([server.restart(), server.restart()]);
    expect(server.raftTerm).toBe(3);
    expect((await get('/v2/keys/a')).status).toBe(200);
    expect(server.index).toBe(5);
    const restarting = server.restart();
    await server.stop();
    await restarting;
    await expect(get('/version')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    server.pause();
    await server.restart();
    expect((await get('/version')).status).toBe(200);
  });

  it('lets nothing expire later that cannot expire now', async () => {
    await put('/v2/keys/a', 'value=1');
    server.pause();
    expect(() => server.expireNow('/a')).toThrow('majority');
    server.resume();
    expect((await get('/v2/keys/a')).status).toBe(200);
  });

  it('keeps the requests', async () => {
    await put('/v2/keys/a?prevExist=false');
    await get('/version');
    expect(server.requests).toEqual([
      { method: 'PUT', url: '/v2/keys/a?prevExist=false' },
      { method: 'GET', url: '/version' },
    ]);
    server.clearRequests();
    expect(server.requests).toEqual([]);
  });

  it('cuts watches when it stops, without the end of the answer', async () => {
    using wire = await watch('/v2/keys/a?wait=true');
    await server.stop();
    await waitFor(() => !wire.isOpen, { interval: 2 });
    expect(wire.soFar()).toMatchObject({ body: '', complete: false });
  });

  it('stops while it is paused', async () => {
    server.pause();
    const lost = get('/version');
    await waitFor(() => server.requests.length > 0, { interval: 2 });
    await Promise.all([expect(lost).rejects.toThrow('socket hang up'), server.stop()]);
  });

  describe('lets requests fail', () => {
    it('with a status, so many times, and then no more', async () => {
      server.failNext({ status: 503, body: 'é', times: 2, match: ({ method }) => method === 'PUT' });
      expect((await get('/v2/keys/a')).status).toBe(404);
      expect(await put('/v2/keys/a')).toMatchObject({ status: 503, body: 'é' });
      expect((await put('/v2/keys/a')).status).toBe(503);
      expect((await put('/v2/keys/a')).status).toBe(201);
    });

    it('by a reset, before anything is done', async () => {
      server.failNext({ reset: true });
      await expect(put('/v2/keys/a')).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(server.index).toBe(3);
    });

    it('by a delay', async () => {
      server.failNext({ delay: 60 });
      const begin = performance.now();
      expect((await put('/v2/keys/a')).status).toBe(201);
      expect(performance.now() - begin).toBeGreaterThan(50);
    });

    it('by a cut, after everything is done', async () => {
      for (const bytes of [0, 12]) {
        server.failNext({ cutAfterBytes: bytes });
        using wire = await Wire.open(server.url);
        wire.send('PUT /v2/keys/a HTTP/1.1\r\nHost: x\r\n\r\n');
        await waitFor(() => !wire.isOpen, { interval: 2 });
        expect('HTTP/1.1 20'.startsWith(wire.received.slice(0, 11))).toBe(true);
        expect(wire.received.length).toBe(bytes);
      }
      expect(server.index).toBe(5);
    });

    it.each([
      [{ reset: true, times: 0 }, '`times`'],
      [{}, 'got none'],
      [{ reset: true, delay: 5 }, 'got reset and delay'],
      [{ reset: false }, '`reset`'],
      [{ delay: Number.NaN }, '`delay`'],
      [{ cutAfterBytes: -1 }, '`cutAfterBytes`'],
      [{ status: 9_999 }, '`status`'],
      [{ status: 500, match: 'PUT' }, '`match`'],
    ])('refuses %j', (fault, problem) => {
      expect(() => server.failNext(fault as never)).toThrow(problem);
    });

    it('answers what a match has thrown', async () => {
      const match = () => {
        throw new Error('a mistake');
      };
      server.failNext({ reset: true, match });
      expect(await get('/version')).toMatchObject({
        status: 500,
        body: expect.stringContaining('a mistake'),
      });
    });
  });
});
