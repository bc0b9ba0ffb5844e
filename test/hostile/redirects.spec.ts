import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdIndeterminateError, EtcdRedirectError } from 'nestjs-etcd/client';

import { HttpStub, jsonResponse, type StubReply, type StubRequest } from '../support/http-stub.js';
import { Decoy } from './decoy.js';

const cluster = { 'X-Etcd-Cluster-Id': 'ab' };
const hello = jsonResponse(200, { members: [] }, cluster);
const stored = jsonResponse(
  200,
  { action: 'get', node: { key: '/a', value: 'v', modifiedIndex: 5, createdIndex: 5 } },
  { ...cluster, 'X-Etcd-Index': 5 },
);

const operations: Record<string, (etcd: EtcdClient) => Promise<unknown>> = {
  GET: (etcd) => etcd.get('/a', { quorum: true }),
  PUT: (etcd) => etcd.set('/a', 'secret-value'),
  POST: (etcd) => etcd.append('/a', 'secret-value'),
  DELETE: (etcd) => etcd.delete('/a'),
};

describe('Redirects', () => {
  let decoy: Decoy;
  let member: HttpStub;
  let location: (request: StubRequest) => string;
  let status: number;
  beforeEach(async () => {
    decoy = await Decoy.start(stored);
    member = await HttpStub.start((request): StubReply => {
      if (request.path === '/v2/members') return hello;
      return `HTTP/1.1 ${status} Elsewhere\r\nLocation: ${location(request)}\r\nContent-Length: 0\r\n\r\n`;
    });
  });
  afterEach(async () => {
    await member.stop();
    await decoy[Symbol.asyncDispose]();
  });

  const connect = (hosts: string[] = [member.url]) =>
    new EtcdClient({
      hosts,
      order: 'given',
      timeout: 2_000,
      auth: { username: 'root', password: 'hunter2' },
    });

  /** Where hostile members and careless proxies point. */
  const places: Record<string, (request: StubRequest, port: number, own: string) => string> = {
    'another server': ({ path }, port) => `http://127.0.0.1:${port}${path}`,
    'another path of another server': (_, port) => `http://127.0.0.1:${port}/v2/keys/else`,
    'another server, relative to the scheme': ({ path }, port) => `//127.0.0.1:${port}${path}`,
    'another server behind the member as user info': ({ path }, port, own) =>
      `${own}@127.0.0.1:${port}${path}`,
    'another server with backslashes': ({ path }, port) => `http:\\\\127.0.0.1:${port}${path}`,
    'another path of its own': () => '/v2/keys/else',
    'its own path, relative': ({ path }) => path,
    'its own path, absolute': ({ path }, _, own) => `${own}${path}`,
    'another path of its own, absolute': (_, __, own) => `${own}/v2/keys/else`,
    nowhere: () => '',
    'a file': () => 'file:///etc/passwd',
    'no URL at all': () => 'http://[',
  };

  it.each(Object.keys(places))('to %s are not followed by any method or status', async (place) => {
    location = (request) => places[place]?.(request, decoy.port, member.url) ?? '';
    await using etcd = connect();
    const outcomes: string[] = [];
    for (status of [301, 302, 303, 307, 308]) {
      for (const [method, operation] of Object.entries(operations)) {
        const before = member.requests.length;
        const error = await operation(etcd).catch((reason: unknown) => reason);
        const sent = member.requests.slice(before).filter(({ path }) => path !== '/v2/members');
        if (!(error instanceof EtcdRedirectError) || error.mayHaveBeenApplied || sent.length !== 1)
          outcomes.push(`${status} ${method}: ${String(error)} after ${sent.length} requests`);
      }
    }
    expect(outcomes).toEqual([]);
    expect(decoy.connections).toBe(0);
    expect(member.requests.filter(({ path }) => path.includes('else'))).toEqual([]);
  });

  it('would be followed with body and method by a client that knows no better', async () => {
    location = ({ path }) => `http://127.0.0.1:${decoy.port}${path}`;
    status = 307;
    const answer = await fetch(`${member.url}/v2/keys/a`, { method: 'PUT', body: 'value=secret-value' });
    expect(answer.status).toBe(200);
    expect(decoy.received).toContain('secret-value');
  });

  it('are not followed in place of the answer who a member is', async () => {
    location = ({ path }) => `http://127.0.0.1:${decoy.port}${path}`;
    status = 307;
    const { handler } = member;
    member.handler = (request) => handler({ ...request, path: '/any' });
    await using etcd = connect();
    for (const operation of Object.values(operations))
      await expect(operation(etcd)).rejects.toBeInstanceOf(EtcdRedirectError);
    expect((await etcd.health({ timeout: 500 })).healthy).toBe(false);
    expect(decoy.connections).toBe(0);
  });

  it('to the same path of a configured member are followed, after it has said who it is', async () => {
    const other = await HttpStub.start(({ path }) => (path === '/v2/members' ? hello : stored));
    location = ({ path }) => `${other.url}${path}`;
    status = 307;
    try {
      await using etcd = connect([member.url, other.url]);
      await etcd.set('/a', 'b');
      expect(other.requests).toMatchObject([
        { method: 'GET', path: '/v2/members' },
        {
          method: 'PUT',
          path: '/v2/keys/a',
          body: 'value=b',
          headers: { authorization: 'Basic cm9vdDpodW50ZXIy' },
        },
      ]);
      expect(other.requests[0]?.headers).not.toHaveProperty('authorization');
    } finally {
      await other.stop();
    }
  });

  it('between members in a circle end', async () => {
    const other = await HttpStub.start(({ path }) =>
      path === '/v2/members'
        ? hello
        : `HTTP/1.1 307 Back\r\nLocation: ${member.url}${path}\r\nContent-Length: 0\r\n\r\n`,
    );
    location = ({ path }) => `${other.url}${path}`;
    status = 307;
    try {
      await using etcd = connect([member.url, other.url]);
      const error = await etcd.set('/a', 'b').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(EtcdRedirectError);
      expect(error).not.toBeInstanceOf(EtcdIndeterminateError);
      expect(
        [...member.requests, ...other.requests].filter(({ method }) => method === 'PUT').length,
      ).toBeLessThan(10);
    } finally {
      await other.stop();
    }
  });
});
