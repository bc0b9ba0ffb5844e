import { describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { HttpStub, jsonResponse } from '../support/http-stub.js';

const clusterId = { 'X-Etcd-Cluster-Id': 'abc' };

/** Starts a server with the bodies of a version of etcd by method and path. */
async function serve(bodies: Record<string, unknown>): Promise<HttpStub> {
  return HttpStub.start(({ method, path }) => {
    const body = bodies[`${method} ${path}`] ?? (path === '/v2/members' ? { members: [] } : undefined);
    return body === undefined
      ? jsonResponse(404, { message: 'auth: does not exist.' }, clusterId)
      : jsonResponse(200, body, clusterId);
  });
}

describe('Auth of etcd 2.1 and 2.2', () => {
  it('lists users and roles by their names only', async () => {
    await using stub = await serve({
      'GET /v2/auth/users': { users: ['alice', 'root'] },
      'GET /v2/auth/roles': { roles: ['guest', 'root'] },
    });
    await using etcd = new EtcdClient({ hosts: stub.url });
    expect(await etcd.users.list()).toEqual([
      { name: 'alice', roles: undefined },
      { name: 'root', roles: undefined },
    ]);
    expect(await etcd.roles.list()).toEqual([
      { name: 'guest', permissions: undefined },
      { name: 'root', permissions: undefined },
    ]);
  });

  it('gives a user with the names of its roles, and a role with its patterns', async () => {
    await using stub = await serve({
      'GET /v2/auth/users/alice': { user: 'alice', roles: ['app'] },
      'GET /v2/auth/users/bare': { user: 'bare', roles: null },
      'GET /v2/auth/roles/app': { role: 'app', permissions: { kv: { read: ['/*'], write: null } }, grant: null, revoke: null },
    }); // prettier-ignore
    await using etcd = new EtcdClient({ hosts: stub.url });
    expect(await etcd.users.get('alice')).toEqual({ name: 'alice', roles: ['app'] });
    expect(await etcd.users.get('bare')).toEqual({ name: 'bare', roles: [] });
    expect(await etcd.roles.get('app')).toEqual({ name: 'app', permissions: { read: ['/*'], write: [] } });
  });

  it('creates a user that is neither found nor listed', async () => {
    await using stub = await serve({
      'GET /v2/auth/users': { users: ['root'] },
      'PUT /v2/auth/users/new': { user: 'new', roles: [] },
    });
    await using etcd = new EtcdClient({ hosts: stub.url });
    expect(await etcd.users.create('new', 'p')).toEqual({ name: 'new', roles: [] });
    expect(stub.requests.at(-1)).toMatchObject({ body: '{"user":"new","password":"p","roles":[]}' });
  });
});

describe('Auth of etcd 2.3 and later', () => {
  it('lists users whose roles are objects, and no users at all', async () => {
    const role = { role: 'app', permissions: { kv: { read: null, write: ['/a'] } } };
    await using stub = await serve({
      'GET /v2/auth/users': { users: [{ user: 'alice', roles: [role] }, { user: 'bare' }] },
    });
    await using etcd = new EtcdClient({ hosts: stub.url });
    expect(await etcd.users.list()).toEqual([
      { name: 'alice', roles: ['app'] },
      { name: 'bare', roles: [] },
    ]);
    await using empty = await serve({ 'GET /v2/auth/users': { users: null } });
    await using other = new EtcdClient({ hosts: empty.url });
    expect(await other.users.list()).toEqual([]);
  });
});
