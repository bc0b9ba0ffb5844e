import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EtcdClient,
  EtcdConflictError,
  EtcdForbiddenError,
  EtcdNotFoundError,
  EtcdOptionsError,
  EtcdUnauthorizedError,
} from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';

/** Passwords that a client which encodes them as Latin-1 gets wrong, or cannot send at all. */
const rootPassword = 'pé ß😀:/?#';
const cyrillic = 'пароль';

describe('Auth', () => {
  let member: EtcdMember;
  let root: EtcdClient;
  const as = (username: string, password: string) =>
    new EtcdClient({ hosts: member.url, auth: { username, password }, ...patient });
  const basic = (username: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
  });

  beforeAll(async () => {
    member = await EtcdMember.start({ proxy: true });
    root = as('root', rootPassword);
    await using anybody = new EtcdClient({ hosts: member.url, ...patient });
    await anybody.users.create('root', rootPassword);
    await anybody.auth.enable();
  });
  afterAll(async () => {
    await root.close();
    await member.stop();
  });

  it('is turned on and off, by whoever may', async () => {
    await using other = await EtcdMember.start();
    await using anybody = new EtcdClient({ hosts: other.url, ...patient });
    expect(await anybody.auth.enabled()).toBe(false);
    await expect(anybody.auth.disable()).rejects.toBeInstanceOf(EtcdConflictError);
    // There is no user `root` yet.
    await expect(anybody.auth.enable()).rejects.toBeInstanceOf(EtcdConflictError);
    expect(await anybody.users.create('root', 'p')).toEqual({ name: 'root', roles: ['root'] });
    await anybody.auth.enable();
    expect(await anybody.auth.enabled()).toBe(true);
    await expect(anybody.auth.disable()).rejects.toBeInstanceOf(EtcdUnauthorizedError);

    const auth = { username: 'root', password: 'p' };
    await using admin = new EtcdClient({ hosts: other.url, auth, ...patient });
    await expect(admin.auth.enable()).rejects.toMatchObject({ code: 'ETCD_CONFLICT', status: 409 });
    await admin.auth.disable();
    expect(await anybody.auth.enabled()).toBe(false);
  });

  it('leads a user through its life', async () => {
    await root.roles.create('reader', { read: '/*' });
    await root.roles.create('writer', { write: ['/a', '/b/*'] });
    expect(await root.users.create('alice', cyrillic)).toEqual({ name: 'alice', roles: [] });
    expect(await root.users.create('bob', 'b', ['reader'])).toEqual({ name: 'bob', roles: ['reader'] });
    expect(await root.users.list()).toEqual([
      { name: 'alice', roles: [] },
      { name: 'bob', roles: ['reader'] },
      { name: 'root', roles: ['root'] },
    ]);
    await root.users.grant('alice', ['writer', 'reader']);
    expect(await root.users.get('alice')).toEqual({ name: 'alice', roles: ['reader', 'writer'] });
    await root.users.revoke('alice', 'writer');
    expect((await root.users.get('alice')).roles).toEqual(['reader']);

    await root.users.changePassword('alice', 'новый');
    // A grant changes no password, and the check from the side asks etcd itself.
    expect((await member.request('/v2/keys/', { headers: basic('alice', 'новый') })).status).toBe(200);
    expect((await member.request('/v2/keys/', { headers: basic('alice', cyrillic) })).status).toBe(401);

    await root.users.delete('bob');
    await expect(root.users.get('bob')).rejects.toBeInstanceOf(EtcdNotFoundError);
  });

  it('leads a role through its life', async () => {
    const app = { read: ['/app/*'], write: ['/app/w'] };
    expect(await root.roles.create('app', app)).toEqual({ name: 'app', permissions: app });
    await root.roles.grant('app', { read: '/other', write: ['/app/x', '/app/y'] });
    await root.roles.revoke('app', { write: ['/app/w', '/never/had'] });
    const permissions = { read: ['/app/*', '/other'], write: ['/app/x', '/app/y'] };
    expect(await root.roles.get('app')).toEqual({ name: 'app', permissions });
    expect(await root.roles.list()).toContainEqual({ name: 'app', permissions });
    expect((await root.roles.list()).map(({ name }) => name)).toContain('root');
    expect(await root.roles.create('bare')).toMatchObject({ permissions: { read: [], write: [] } });
    await root.roles.delete('app');
    await expect(root.roles.get('app')).rejects.toBeInstanceOf(EtcdNotFoundError);
  });

  it('tells what is wrong with a change', async () => {
    await root.roles.create('taken', { read: '/x' });
    await root.users.create('taken', 'p', 'taken');
    const failures: [call: () => Promise<unknown>, Class: new (...args: never[]) => Error][] = [
      [() => root.users.create('taken', 'other'), EtcdConflictError],
      [() => root.users.create('taken', 'other', 'taken'), EtcdConflictError],
      [() => root.users.grant('taken', 'taken'), EtcdConflictError],
      [() => root.users.revoke('taken', 'root'), EtcdConflictError],
      [() => root.users.grant('nobody', 'taken'), EtcdNotFoundError],
      [() => root.users.changePassword('nobody', 'p'), EtcdNotFoundError],
      [() => root.users.delete('nobody'), EtcdNotFoundError],
      [() => root.users.delete('root'), EtcdForbiddenError],
      [() => root.roles.create('taken'), EtcdConflictError],
      [() => root.roles.grant('taken', { read: '/x' }), EtcdConflictError],
      [() => root.roles.grant('nothing', { read: '/x' }), EtcdNotFoundError],
      [() => root.roles.delete('nothing'), EtcdNotFoundError],
      [() => root.roles.grant('root', { read: '/x' }), EtcdForbiddenError],
      // etcd would make a role of it.
      [() => root.roles.grant('nothing', {}), EtcdOptionsError],
    ];
    for (const [call, Class] of failures) await expect(call()).rejects.toBeInstanceOf(Class);
    // Neither refused creation has changed the password, and nobody was created by a change of one.
    expect((await member.request('/v2/keys/x', { headers: basic('taken', 'p') })).status).toBe(404);
    expect((await root.users.list()).map(({ name }) => name)).not.toContain('nobody');
    expect((await root.roles.list()).map(({ name }) => name)).not.toContain('nothing');
  });

  it('changes the password of a user whose role was removed, and does not create it anew', async () => {
    await root.roles.create('fleeting');
    await root.users.create('orphan', 'old', 'fleeting');
    await root.roles.delete('fleeting');
    await expect(root.users.get('orphan')).rejects.toBeInstanceOf(EtcdNotFoundError);
    await expect(root.users.create('orphan', 'stolen')).rejects.toBeInstanceOf(EtcdConflictError);
    await root.users.changePassword('orphan', 'new');
    await using orphan = as('orphan', 'new');
    // Known to etcd, and allowed nothing.
    await expect(orphan.get('/')).rejects.toBeInstanceOf(EtcdUnauthorizedError);
    await root.users.delete('orphan');
  });

  it('takes names that a path must encode', async () => {
    for (const name of ['a b', '%41', 'q?x=1#é😀']) {
      await root.roles.create(name, { read: '/*' });
      await root.users.create(name, name, name);
      expect(await root.users.get(name)).toEqual({ name, roles: [name] });
      await using user = as(name, name);
      expect(await user.exists('/')).toBe(true);
      await root.users.delete(name);
      await root.roles.delete(name);
    }
  });

  it('lets users do what their roles allow, and guests what theirs does', async () => {
    await root.roles.create('scoped', { read: '/scoped/*', write: '/scoped/*' });
    await root.users.create('scoped', cyrillic, 'scoped');
    await using scoped = as('scoped', cyrillic);
    await scoped.set('/scoped/key', 'v');
    expect((await scoped.get('/scoped/key')).node.value).toBe('v');
    const error = await scoped.set('/elsewhere', 'v').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EtcdUnauthorizedError);
    expect(error).toMatchObject({ errorCode: 110, status: 401, mayHaveBeenApplied: false });
    await expect(scoped.users.list()).rejects.toBeInstanceOf(EtcdUnauthorizedError);
    await expect(scoped.members.add('http://127.0.0.1:1')).rejects.toBeInstanceOf(EtcdUnauthorizedError);

    await using guest = new EtcdClient({ hosts: member.url, ...patient });
    await guest.set('/guest', 'v');
    await guest.get('/');
    await root.roles.revoke('guest', { write: '/*' });
    await expect(guest.set('/guest', 'w')).rejects.toBeInstanceOf(EtcdUnauthorizedError);
    expect((await guest.get('/guest')).node.value).toBe('v');
    await root.roles.delete('guest');
    await expect(guest.get('/guest')).rejects.toBeInstanceOf(EtcdUnauthorizedError);
    expect((await guest.members.list()).length).toBe(1);
    expect(await guest.auth.enabled()).toBe(true);
  });

  it('rejects a wrong password at once, and does not ask again', async () => {
    await using wrong = as('root', 'wrong');
    const lines = () => member.proxy?.requests.map(({ line }) => line) ?? [];
    const before = lines().length;
    for (const call of [
      () => wrong.set('/k', 'v'),
      () => wrong.set('/k', 'v', { idempotent: true }),
      () => wrong.get('/k'),
      () => wrong.append('/k', 'v'),
      () => wrong.users.list(),
      () => wrong.modify('/k', () => 'v'),
    ]) {
      const start = performance.now();
      await expect(call()).rejects.toBeInstanceOf(EtcdUnauthorizedError);
      // Who asked again would do so up to the deadline.
      expect(performance.now() - start).toBeLessThan(10_000);
    }
    expect(lines().slice(before)).toEqual([
      'GET /v2/members HTTP/1.1',
      'PUT /v2/keys/k HTTP/1.1',
      'PUT /v2/keys/k HTTP/1.1',
      'GET /v2/keys/k HTTP/1.1',
      'POST /v2/keys/k HTTP/1.1',
      'GET /v2/auth/users HTTP/1.1',
      'GET /v2/keys/k?quorum=true HTTP/1.1',
    ]);
  });

  it('refuses credentials that basic auth cannot carry', () => {
    for (const auth of [
      { username: 'root', password: '' },
      { username: '', password: 'p' },
      { username: 'a:b', password: 'p' },
      { username: 'root' },
      { password: 'p' },
    ])
      expect(() => new EtcdClient({ hosts: member.url, auth: auth as never })).toThrow(EtcdOptionsError);
  });
});
