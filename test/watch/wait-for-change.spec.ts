import { getEventListeners } from 'node:events';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EtcdAbortedError,
  EtcdClient,
  EtcdClosedError,
  EtcdEventIndexClearedError,
  EtcdTimeoutError,
} from 'nestjs-etcd/client';

import { freePort, waitFor } from '../support/wait-for.js';
import { WatchedMember } from './watched-member.js';

describe('waitForChange', () => {
  let etcd: WatchedMember;
  let client: EtcdClient;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
  });
  afterEach(async () => {
    // Whatever it ended with, nothing is watched any more: even before the client is closed.
    await waitFor(async () => (await etcd.registered()) === 0, { what: 'the end of the watch' });
    await etcd.endTest();
  });
  afterAll(() => etcd[Symbol.asyncDispose]());

  const begin = () => {
    client = etcd.client();
    return etcd.key();
  };
  const registered = () => waitFor(async () => (await etcd.registered()) === 1, { what: 'the watch' });
  const caught = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('gives the first change after it was called', async () => {
    const key = begin();
    await etcd.writer.set(key, 'before');
    const waiting = client.waitForChange(key);
    await registered();
    await etcd.writer.set(`${key}-other`, 'v');
    const { etcdIndex } = await etcd.writer.set(key, 'after');
    await etcd.writer.set(key, 'later');
    expect(await waiting).toMatchObject({
      action: 'set',
      key,
      node: { value: 'after' },
      prevNode: { value: 'before' },
      index: etcdIndex,
    });
  });

  it('gives the first change from an index on, at once when it has been made already', async () => {
    const key = begin();
    const first = await etcd.writer.set(key, '1');
    await etcd.writer.delete(key);
    const from = (waitIndex: number) => client.waitForChange(key, { waitIndex });
    expect(await from(first.etcdIndex)).toMatchObject({ action: 'set', index: first.etcdIndex });
    expect(await from(first.etcdIndex + 1)).toMatchObject({ action: 'delete', gone: true });
  });

  it('waits for the subtree with `recursive`, and without it for the key alone', async () => {
    const key = begin();
    const all = client.waitForChange(key, { recursive: true });
    const own = client.waitForChange(key, { timeout: 20_000 });
    await registered();
    await etcd.writer.set(`${key}/below`, 'v');
    expect(await all).toMatchObject({ key: `${key}/below`, relation: 'descendant' });
    const removed = await etcd.writer.delete(key, { recursive: true });
    expect(await own).toMatchObject({ key, index: removed.etcdIndex, relation: 'self' });
  });

  it('gives up after its time, neither sooner nor much later', async () => {
    const key = begin();
    const start = performance.now();
    const error = await caught(client.waitForChange(key, { timeout: 300 }));
    const took = performance.now() - start;
    expect(error).toBeInstanceOf(EtcdTimeoutError);
    expect(error).toMatchObject({ message: `waitForChange ${key}: no change within 300 ms.` });
    expect(took).toBeGreaterThanOrEqual(299);
    expect(took).toBeLessThan(5_000);
  });

  it('gives up after its time also when no member answers', async () => {
    await using nobody = new EtcdClient({ hosts: `http://127.0.0.1:${await freePort()}` });
    expect(await caught(nobody.waitForChange('/key', { timeout: 300 }))).toBeInstanceOf(EtcdTimeoutError);
  });

  it('says that changes have left the history, and how to go on', async () => {
    const key = begin();
    const { etcdIndex } = await etcd.writer.set(key, '1');
    await etcd.writeElsewhere(1_001);
    const error = await caught(client.waitForChange(key, { waitIndex: etcdIndex }));
    expect(error).toBeInstanceOf(EtcdEventIndexClearedError);
    expect((error as Error).message).toContain('read the key, and wait from its `etcdIndex + 1`');
    const { index = 0 } = error as EtcdEventIndexClearedError;
    expect(index).toBeGreaterThan(etcdIndex + 1_000);
    // As it says.
    const read = await client.get(key);
    const next = await etcd.writer.set(key, '2');
    const change = await client.waitForChange(key, { waitIndex: read.etcdIndex + 1 });
    expect(change.index).toBe(next.etcdIndex);
  });

  it('says that an index is beyond the store, and does not wait for ever', async () => {
    const key = begin();
    const { etcdIndex } = await etcd.writer.set(key, '1');
    const error = await caught(client.waitForChange(key, { waitIndex: etcdIndex + 5_000 }));
    expect(error).toBeInstanceOf(EtcdEventIndexClearedError);
    expect(error).toMatchObject({
      index: etcdIndex,
      message: expect.stringContaining('is beyond the store'),
    });
  });

  it('is ended by its signal, before it has begun as well', async () => {
    const key = begin();
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = caught(client.waitForChange(key, { signal, timeout: 20_000 }));
    await registered();
    controller.abort('enough');
    for (const error of [await waiting, await caught(client.waitForChange(key, { signal }))]) {
      expect(error).toBeInstanceOf(EtcdAbortedError);
      expect(error).toMatchObject({ cause: 'enough' });
    }
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is ended by the end of its client', async () => {
    const key = begin();
    const waiting = caught(client.waitForChange(key));
    await registered();
    await client.close();
    expect(await waiting).toBeInstanceOf(EtcdClosedError);
    expect(await caught(client.waitForChange(key))).toBeInstanceOf(EtcdClosedError);
  });
});
