import { Readable } from 'node:stream';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fetch, Headers, request } from 'undici';

import { EmbeddedEtcd } from '../../lib/testing/index.js';
import { waitFor } from '../support/wait-for.js';

const headers = { 'content-type': 'application/x-www-form-urlencoded' };
/** Nobody listens there. */
const url = 'http://etcd.test:2379/v2/keys';

describe('requests to an embedded server without a connection', () => {
  let server: EmbeddedEtcd;
  beforeEach(async () => {
    server = await EmbeddedEtcd.start();
  });
  afterEach(() => server.stop());

  const put = (key: string, body: string | Buffer | Readable) =>
    request(`${url}${key}`, { method: 'PUT', headers, body, dispatcher: server.dispatcher });
  const get = (key: string) => request(`${url}${key}`, { dispatcher: server.dispatcher });

  it('are answered as with one', async () => {
    const socket = await request(`${server.url}/v2/keys/none`);
    const direct = await get('/none');
    expect(direct.statusCode).toBe(socket.statusCode);
    expect(Object.keys(direct.headers)).toEqual(Object.keys(socket.headers));
    expect(await direct.body.text()).toBe(await socket.body.text());
    expect(server.requests).toEqual([1, 2].map(() => ({ method: 'GET', url: '/v2/keys/none' })));
  });

  it.each([
    ['text', 'value=%C3%A9'],
    ['bytes', Buffer.from('value=%C3%A9')],
    ['a stream', Readable.from(['value=', Buffer.from('%C3%A9')])],
  ])('take a body as %s', async (_, body) => {
    expect((await put('/a', body)).statusCode).toBe(201);
    expect(await (await get('/a')).body.json()).toMatchObject({ node: { value: 'é' } });
  });

  it('take queries and headers in every form that undici knows', async () => {
    const { dispatcher } = server;
    const answer = await request(`${url}/q`, {
      dispatcher,
      method: 'PUT',
      query: { value: 'a b', dir: [false] },
      headers: ['X', 'y'],
    });
    expect(answer.statusCode).toBe(201);
    const response = await fetch(`${url}/q`, { dispatcher, headers: new Headers({ accept: '*/*' }) });
    expect([response.status, await response.json()]).toEqual([
      200,
      expect.objectContaining({ node: expect.objectContaining({ value: 'a b' }) }),
    ]);
  });

  it('can be watches, which end when they are aborted', async () => {
    const end = new AbortController();
    const { body } = await request(`${url}/w?wait=true&stream=true`, {
      dispatcher: server.dispatcher,
      signal: end.signal,
    });
    let seen = '';
    body.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    body.on('error', () => undefined);
    for (const value of ['1', '2']) await put('/w', `value=${value}`);
    await waitFor(() => seen.split('\n').length === 3, { interval: 2 });
    const watchers = async () =>
      (await request('http://x/v2/stats/store', { dispatcher: server.dispatcher })).body.text();
    expect(await watchers()).toContain('"watchers":1');
    end.abort();
    await waitFor(async () => (await watchers()).includes('"watchers":0'), { interval: 2 });
  });

  it('pass long answers on to slow readers, a piece at a time', async () => {
    const value = 'x'.repeat(100_000);
    for (let i = 0; i < 30; i++) await put(`/long/${i}`, `value=${value}`);
    const { body } = await get('/long?recursive=true');
    let length = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(length).toBeGreaterThan(3_000_000);
  });

  it('fail as they are told to', async () => {
    server.failNext({ reset: true });
    await expect(put('/a', 'value=1')).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
    expect(server.index).toBe(3);
    server.failNext({ status: 503, body: 'no' });
    expect((await get('/a')).statusCode).toBe(503);
    server.pause();
    const late = put('/a', 'value=1');
    await waitFor(() => server.requests.length === 3, { interval: 2 });
    expect(server.index).toBe(3);
    server.resume();
    expect((await late).statusCode).toBe(201);
  });

  it('are refused by a server that has stopped, which cuts the others', async () => {
    const { body } = await request(`${url}/w?wait=true`, { dispatcher: server.dispatcher });
    const [ended] = await Promise.allSettled([body.text(), server.stop()]);
    expect(ended).toMatchObject({ reason: { code: 'UND_ERR_SOCKET' } });
    await expect(get('/a')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.restart();
    expect((await get('/a')).statusCode).toBe(404);
  });
});
