import { expect } from '@jest/globals';
import {
  EtcdClient,
  EtcdEventIndexClearedError,
  EtcdOptionsError,
  EtcdTimeoutError,
  EtcdWatcherClearedError,
} from 'nestjs-etcd/client';

import { HttpStub, jsonResponse } from '../../support/http-stub.js';
import { waitFor } from '../../support/wait-for.js';
import { errorOf, type RowTests, type World } from '../world.js';

/** Fills etcd's history of 1,000 changes with others. */
const fillHistory = ({ etcd }: World) =>
  Promise.all(Array.from({ length: 1_001 }, (_, i) => etcd.set('/history', String(i), { timeout: 20_000 })));

/** Watches a key, changes it when etcd has registered that, and gives the index of the change and what the watch has told. */
const changeWatched = async <T>(world: World, key: string, watch: () => Promise<T>) => {
  await waitFor(async () => (await world.watchers()) === 0, { what: 'the end of the watches before' });
  const watching = watch();
  await waitFor(async () => (await world.watchers()) > 0, { what: 'the watch' });
  const { etcdIndex } = await world.etcd.set(key, 'v');
  return { etcdIndex, told: await watching };
};

const caught = (failing: Promise<unknown>) =>
  failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );

export const watchRows: RowTests = {
  'Client.read(wait)': async (world) => {
    const key = world.key();
    await expect(world.etcd.get(key, { wait: true } as never)).rejects.toBeInstanceOf(EtcdOptionsError);
    const { etcdIndex, told } = await changeWatched(world, key, () => world.etcd.waitForChange(key));
    expect(told.index).toBe(etcdIndex);
  },
  'Client.read(waitIndex)': async (world) => {
    const { etcd } = world;
    const key = world.key();
    const [first, second] = [await etcd.set(key, '1'), await etcd.set(key, '2')];
    const from = async (waitIndex: number) => (await etcd.waitForChange(key, { waitIndex })).node.value;
    expect([await from(first.etcdIndex), await from(second.etcdIndex)]).toEqual(['1', '2']);
    await using watcher = etcd.watch(key, { waitIndex: first.etcdIndex });
    expect((await watcher.next()).value).toMatchObject({ index: first.etcdIndex });
    await expect(etcd.waitForChange(key, { waitIndex: 0 })).rejects.toBeInstanceOf(EtcdOptionsError);
  },
  'Client.watch': async (world) => {
    const key = world.key();
    const options = { timeout: 20_000, recursive: true };
    const { told } = await changeWatched(world, key, () => world.etcd.waitForChange(key, options));
    expect(told).toMatchObject({ action: 'set', key, node: { value: 'v' } });
    expect(await caught(world.etcd.waitForChange(key, { timeout: 100 }))).toBeInstanceOf(EtcdTimeoutError);
  },
  'Client.eternal_watch': async (world) => {
    const key = world.key();
    const watcher = world.etcd.watch(key, { recursive: true });
    await watcher.ready;
    // Between two events, and while nobody asks: there they are lost.
    const indexes: number[] = [];
    for (let i = 0; i < 5; i++) indexes.push((await world.etcd.set(`${key}/${i}`, 'v')).etcdIndex);
    world.member.proxy?.reset();
    indexes.push((await world.etcd.set(`${key}/last`, 'v', { idempotent: true })).etcdIndex);
    const told: number[] = [];
    for await (const { index } of watcher) {
      told.push(index);
      if (index === indexes.at(-1)) break;
    }
    expect(told).toEqual(indexes);
  },
  EtcdWatchTimedOut: async (world) => {
    const error = await caught(world.etcd.waitForChange(world.key(), { timeout: 100 }));
    expect(error).toBeInstanceOf(EtcdTimeoutError);
    expect(error).toMatchObject({ code: 'ETCD_TIMEOUT' });
  },
  EtcdWatcherCleared: async () => {
    expect(await errorOf(400)).toBeInstanceOf(EtcdWatcherClearedError);
    let refusals = 2;
    // As etcd writes it, and unlike JSON.stringify, with its end.
    const event = `{"action":"set","node":{"key":"/k","value":"v","modifiedIndex":8,"createdIndex":8}}\n`;
    const cleared = { errorCode: 400, message: 'watcher is cleared due to etcd recovery', index: 7 };
    await using old = await HttpStub.start(({ path }) => {
      if (path === '/v2/members') return jsonResponse(200, { members: [] });
      if (refusals-- > 0) return jsonResponse(400, cleared, { 'X-Etcd-Index': 7 });
      return `HTTP/1.1 200 OK\r\nX-Etcd-Index: 7\r\nContent-Length: ${event.length}\r\n\r\n${event}`;
    });
    await using etcd = new EtcdClient({ hosts: old.url });
    expect((await etcd.waitForChange('/k', { waitIndex: 8, timeout: 10_000 })).index).toBe(8);
    expect(refusals).toBeLessThan(0);
  },
  EtcdEventIndexCleared: async (world) => {
    expect(await errorOf(401)).toBeInstanceOf(EtcdEventIndexClearedError);
    const key = world.key();
    const { etcdIndex: waitIndex } = await world.etcd.set(key, 'v');
    await fillHistory(world);
    const error = await caught(world.etcd.waitForChange(key, { waitIndex }));
    expect(error).toBeInstanceOf(EtcdEventIndexClearedError);
    await using watcher = world.etcd.watch(key, { waitIndex });
    expect((await watcher.next()).value).toMatchObject({
      action: 'resync',
      reason: 'cleared',
      node: { value: 'v' },
    });
  },
};
