import { expect } from '@jest/globals';
import { EtcdClient, EtcdNotFoundError } from 'nestjs-etcd/client';

import { EtcdMember } from '../../support/etcd-member.js';
import { type RowTests, type World } from '../world.js';

const nameIn = (world: World) => world.key().slice(1);
const isAbsent = (part: 'users' | 'roles', name: string) => (world: World) =>
  expect(world.etcd[part]).not.toHaveProperty(name);

/** A user that nobody else uses, and its name. */
async function user(world: World): Promise<string> {
  const name = nameIn(world);
  await world.etcd.users.create(name, 'p');
  return name;
}

async function role(world: World): Promise<string> {
  const name = nameIn(world);
  await world.etcd.roles.create(name, { read: '/r/*', write: ['/w'] });
  return name;
}

export const authRows: RowTests = {
  'Auth(client)': async ({ etcd }) => {
    expect(await etcd.auth.enabled()).toBe(false);
  },
  'Auth.active': async () => {
    await using member = await EtcdMember.start();
    await using etcd = new EtcdClient({ hosts: member.url, auth: { username: 'root', password: 'пароль' } });
    await etcd.users.create('root', 'пароль');
    await etcd.auth.enable();
    expect(await etcd.auth.enabled()).toBe(true);
    await etcd.auth.disable();
    expect(await etcd.auth.enabled()).toBe(false);
  },
  'EtcdUser(client, name)': async (world) => {
    const name = await user(world);
    expect(await world.etcd.users.get(name)).toEqual({ name, roles: [] });
  },
  'EtcdUser.names': async (world) => {
    const name = await user(world);
    expect((await world.etcd.users.list()).map((one) => one.name)).toContain(name);
  },
  'EtcdUser.read': async (world) => {
    expect((await world.etcd.users.get(await user(world))).roles).toEqual([]);
    await expect(world.etcd.users.get('nobody')).rejects.toBeInstanceOf(EtcdNotFoundError);
  },
  'EtcdUser.write': async (world) => {
    const name = nameIn(world);
    await expect(world.etcd.users.changePassword(name, 'p')).rejects.toBeInstanceOf(EtcdNotFoundError);
    await expect(world.etcd.users.get(name)).rejects.toBeInstanceOf(EtcdNotFoundError);
    await world.etcd.users.create(name, 'p');
    await world.etcd.users.changePassword(name, 'q');
    const granted = await role(world);
    await world.etcd.users.grant(name, granted);
    expect((await world.etcd.users.get(name)).roles).toEqual([granted]);
    await world.etcd.users.revoke(name, granted);
    expect((await world.etcd.users.get(name)).roles).toEqual([]);
  },
  'EtcdUser.delete': async (world) => {
    const name = await user(world);
    await world.etcd.users.delete(name);
    await expect(world.etcd.users.delete(name)).rejects.toBeInstanceOf(EtcdNotFoundError);
  },
  'EtcdUser.new': async (world) => {
    const [name, granted] = [nameIn(world), await role(world)];
    expect(await world.etcd.users.create(name, 'p', [granted])).toEqual({ name, roles: [granted] });
  },
  'EtcdUser.name': async (world) => {
    const name = await user(world);
    expect((await world.etcd.users.get(name)).name).toBe(name);
  },
  'EtcdUser.roles': async (world) => {
    const [name, granted] = [await user(world), await role(world)];
    await world.etcd.users.grant(name, granted);
    expect((await world.etcd.users.get(name)).roles).toEqual([granted]);
  },
  'EtcdUser.password': async (world) => {
    const name = await user(world);
    await world.etcd.users.changePassword(name, 'another');
    expect(JSON.stringify(await world.etcd.users.get(name))).not.toMatch(/another|password/);
  },
  'EtcdUser.entity': isAbsent('users', 'entity'),
  'EtcdUser.client': isAbsent('users', 'client'),
  'EtcdUser.uri': isAbsent('users', 'uri'),
  'EtcdRole(client, name)': async (world) => {
    const name = await role(world);
    expect((await world.etcd.roles.get(name)).name).toBe(name);
  },
  'EtcdRole.names': async (world) => {
    const name = await role(world);
    expect((await world.etcd.roles.list()).map((one) => one.name)).toEqual(
      expect.arrayContaining([name, 'root']),
    );
  },
  'EtcdRole.read': async (world) => {
    const permissions = { read: ['/r/*'], write: ['/w'] };
    expect((await world.etcd.roles.get(await role(world))).permissions).toEqual(permissions);
    await expect(world.etcd.roles.get('nothing')).rejects.toBeInstanceOf(EtcdNotFoundError);
  },
  'EtcdRole.write': async (world) => {
    const name = nameIn(world);
    expect(await world.etcd.roles.create(name)).toEqual({ name, permissions: { read: [], write: [] } });
  },
  'EtcdRole.delete': async (world) => {
    const name = await role(world);
    await world.etcd.roles.delete(name);
    await expect(world.etcd.roles.get(name)).rejects.toBeInstanceOf(EtcdNotFoundError);
  },
  'EtcdRole.new': async (world) => {
    expect((await world.etcd.roles.create(nameIn(world), { read: '*' })).permissions?.read).toEqual(['*']);
  },
  'EtcdRole.name': async (world) => {
    const name = await role(world);
    expect((await world.etcd.roles.get(name)).name).toBe(name);
  },
  'EtcdRole.grant': async (world) => {
    const name = await role(world);
    await world.etcd.roles.grant(name, { read: '/more' });
    expect((await world.etcd.roles.get(name)).permissions?.read).toEqual(['/more', '/r/*']);
  },
  'EtcdRole.revoke': async (world) => {
    const name = await role(world);
    await world.etcd.roles.revoke(name, { write: '/w' });
    expect((await world.etcd.roles.get(name)).permissions).toEqual({ read: ['/r/*'], write: [] });
  },
  'EtcdRole.acls': async (world) => {
    const name = await role(world);
    expect((await world.etcd.roles.get(name)).permissions).toEqual({ read: ['/r/*'], write: ['/w'] });
  },
  'EtcdRole.entity': isAbsent('roles', 'entity'),
  'EtcdRole.client': isAbsent('roles', 'client'),
  'EtcdRole.uri': isAbsent('roles', 'uri'),
};
