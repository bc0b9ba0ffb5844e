import { expect } from '@jest/globals';
import {
  EtcdClient,
  EtcdCompareFailedError,
  EtcdKeyExistsError,
  EtcdKeyNotFoundError,
  EtcdOptionsError,
} from 'nestjs-etcd/client';

import { HttpStub, jsonResponse } from '../../support/http-stub.js';
import { type RowTests, type World } from '../world.js';

/** The whole v2 API: nothing of it needs a raw request. */
const methods = ({ etcd }: World) => {
  expect(etcd).not.toHaveProperty('request');
  expect(etcd).not.toHaveProperty('apiExecute');
  const names = [
    'get',
    'set',
    'machines',
    'leader',
    'version',
    'health',
    'members',
    'stats',
    'auth',
    'users',
    'roles',
  ];
  for (const name of names) expect(etcd).toHaveProperty(name);
};

const compare = async (
  world: World,
  condition: (index: number) => { prevValue: string } | { prevIndex: number },
) => {
  const key = world.key();
  const { etcdIndex } = await world.etcd.set(key, 'old');
  await world.etcd.compareAndSwap(key, 'new', condition(etcdIndex));
  await expect(world.etcd.compareAndSwap(key, 'newer', condition(etcdIndex))).rejects.toBeInstanceOf(
    EtcdCompareFailedError,
  );
};

const compareDelete = async (
  world: World,
  condition: (index: number) => { prevValue: string } | { prevIndex: number },
) => {
  const key = world.key();
  const { etcdIndex } = await world.etcd.set(key, 'old');
  await world.etcd.compareAndDelete(key, condition(etcdIndex));
  expect(await world.etcd.exists(key)).toBe(false);
};

export const methodRows: RowTests = {
  'Client.write': async (world) => {
    const key = world.key();
    await world.etcd.set(key, 'v');
    expect((await world.etcd.get(key)).node.value).toBe('v');
    await expect(world.etcd.set(key, 'v', { prevexist: false } as never)).rejects.toBeInstanceOf(
      EtcdOptionsError,
    );
  },
  'Client.write(ttl)': async (world) => {
    expect((await world.etcd.set(world.key(), 'v', { ttl: 100 })).node.ttl).toBe(100);
    expect((await world.etcd.set(world.key(), 'v', { ttl: 0 })).node.expiration).toBeDefined();
  },
  'Client.write(dir)': async (world) => {
    expect((await world.etcd.mkdir(world.key())).node.dir).toBe(true);
  },
  'Client.write(append)': async (world) => {
    const key = world.key();
    expect((await world.etcd.append(key, 'v')).node.key).toMatch(/\/\d{20}$/);
    expect((await world.etcd.mkdir(key, { inOrder: true })).node).toMatchObject({ dir: true });
  },
  'Client.write(prevExist)': async (world) => {
    const key = world.key();
    await expect(world.etcd.update(key, 'v')).rejects.toBeInstanceOf(EtcdKeyNotFoundError);
    await world.etcd.create(key, 'v');
    await expect(world.etcd.create(key, 'v')).rejects.toBeInstanceOf(EtcdKeyExistsError);
    await world.etcd.update(key, 'w');
  },
  'Client.write(prevValue)': async (world) => {
    await compare(world, () => ({ prevValue: 'old' }));
    const none = world.etcd.compareAndSwap('/k', 'v', { prevValue: null } as never);
    await expect(none).rejects.toBeInstanceOf(EtcdOptionsError);
  },
  'Client.write(prevIndex)': async (world) => {
    await compare(world, (prevIndex) => ({ prevIndex }));
    await expect(world.etcd.compareAndSwap('/k', 'v', { prevIndex: 0 })).rejects.toBeInstanceOf(
      EtcdOptionsError,
    );
  },
  'Client.write(refresh)': async (world) => {
    const key = world.key();
    await world.etcd.set(key, 'kept');
    expect((await world.etcd.refresh(key, 100)).node).toMatchObject({ value: 'kept', ttl: 100 });
  },
  'Client.set': async (world) => {
    expect((await world.etcd.set(world.key(), 'v', { ttl: 9 })).action).toBe('set');
  },
  'Client.test_and_set': (world) => compare(world, () => ({ prevValue: 'old' })),
  'Client.refresh': async (world) => {
    const key = world.key();
    await expect(world.etcd.refresh(key, 5)).rejects.toBeInstanceOf(EtcdKeyNotFoundError);
    await world.etcd.set(key, 'me');
    await expect(world.etcd.refresh(key, 5, { prevValue: 'you' })).rejects.toBeInstanceOf(
      EtcdCompareFailedError,
    );
    expect((await world.etcd.refresh(key, 5, { prevValue: 'me' })).node.ttl).toBe(5);
  },
  'Client.update': async (world) => {
    const key = world.key();
    const seen = await world.etcd.set(key, 'a', { ttl: 100 });
    await expect(world.etcd.update(seen, 'b')).rejects.toMatchObject({ option: 'ttl' });
    expect((await world.etcd.update(seen, 'b', { ttl: null })).node.ttl).toBeUndefined();
    await expect(world.etcd.update(seen, 'c', { ttl: null })).rejects.toBeInstanceOf(EtcdCompareFailedError);
  },
  'Client.read': async (world) => {
    const key = world.key();
    await world.etcd.set(key, 'v');
    expect((await world.etcd.get(key)).node.value).toBe('v');
  },
  'Client.read(recursive)': async (world) => {
    const key = world.key();
    await world.etcd.set(`${key}/a/b`, 'v');
    const values = async (recursive: boolean) =>
      Array.from((await world.etcd.get(key, { recursive })).node.leaves(), ({ value }) => value);
    expect([await values(true), await values(false)]).toEqual([['v'], []]);
  },
  'Client.read(sorted)': async (world) => {
    const key = world.key();
    for (const name of 'cab') await world.etcd.set(`${key}/${name}`, name);
    const { node } = await world.etcd.get(key, { sorted: true });
    expect(node.children.map(({ value }) => value).join('')).toBe('abc');
  },
  'Client.read(quorum)': async (world) => {
    await world.etcd.find('/k', { quorum: true });
    expect(world.lines.at(-1)).toBe('GET /v2/keys/k?quorum=true');
    await world.with({ quorum: true }, (etcd) => etcd.find('/k'));
    expect(world.lines.at(-1)).toBe('GET /v2/keys/k?quorum=true');
  },
  'Client.read(timeout)': async () => {
    // It says who it is, and nothing more.
    await using mute = await HttpStub.start(({ path }) =>
      path === '/v2/members' ? jsonResponse(200, { members: [] }) : new Promise<never>(() => undefined),
    );
    await using etcd = new EtcdClient({ hosts: mute.url });
    const start = performance.now();
    await expect(etcd.get('/k', { timeout: 300 })).rejects.toMatchObject({ code: 'ETCD_TIMEOUT' });
    await expect(etcd.set('/k', 'v', { timeout: 300 })).rejects.toMatchObject({ code: 'ETCD_INDETERMINATE' });
    expect(performance.now() - start).toBeLessThan(3_000);
  },
  'Client.get': async (world) => {
    await expect(world.etcd.get('/none')).rejects.toBeInstanceOf(EtcdKeyNotFoundError);
    expect(await world.etcd.find('/none')).toBeUndefined();
  },
  'Client.__contains__': async (world) => {
    const key = world.key();
    await world.etcd.mkdir(key);
    expect([await world.etcd.exists(key), await world.etcd.exists(`${key}/x`)]).toEqual([true, false]);
  },
  'Client.delete': async (world) => {
    const key = world.key();
    await world.etcd.set(key, 'v');
    expect((await world.etcd.delete(key)).action).toBe('delete');
    expect(await world.etcd.exists(key)).toBe(false);
  },
  'Client.delete(recursive)': async (world) => {
    const key = world.key();
    await world.etcd.set(`${key}/a`, 'v');
    await world.etcd.delete(key, { recursive: true });
    expect(await world.etcd.exists(key)).toBe(false);
  },
  'Client.delete(dir)': async (world) => {
    for (const remove of ['rmdir', 'delete'] as const) {
      const key = world.key();
      await world.etcd.mkdir(key);
      await (remove === 'rmdir' ? world.etcd.rmdir(key) : world.etcd.delete(key, { dir: true }));
      expect(await world.etcd.exists(key)).toBe(false);
    }
  },
  'Client.delete(prevValue)': (world) => compareDelete(world, () => ({ prevValue: 'old' })),
  'Client.delete(prevIndex)': (world) => compareDelete(world, (prevIndex) => ({ prevIndex })),
  'Client.pop': async (world) => {
    const key = world.key();
    await world.etcd.set(key, 'v');
    expect((await world.etcd.pop(key)).value).toBe('v');
    expect(await world.etcd.exists(key)).toBe(false);
  },
  'Client.api_execute': methods,
  'Client.api_execute_json': methods,
};
