import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClosedError, type EtcdEvent, type EtcdWatcher } from 'nestjs-etcd/client';

import { waitFor } from '../support/wait-for.js';
import { brief, Recorder } from './recorder.js';
import { WatchedMember } from './watched-member.js';

describe('The iteration of a watcher', () => {
  let etcd: WatchedMember;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  const open = async (key: string): Promise<EtcdWatcher> => {
    const watcher = etcd.client().watch(key, { recursive: true });
    await watcher.ready;
    return watcher;
  };
  const noneLeft = () =>
    waitFor(async () => (await etcd.registered()) === 0, { what: 'the end of the watch' });
  const done = { done: true, value: undefined };

  it.each<[string, (watcher: EtcdWatcher) => Promise<string | undefined>]>([
    [
      'by break',
      async (watcher) => {
        for await (const event of watcher) return brief(event);
        return undefined;
      },
    ],
    [
      'by an error',
      async (watcher) => {
        try {
          for await (const event of watcher) throw new Error(brief(event));
        } catch (error) {
          return (error as Error).message;
        }
        return undefined;
      },
    ],
    [
      'by the end of its block',
      async (watcher) => {
        await using own = watcher;
        const { value } = await own.next();
        return value && brief(value);
      },
    ],
  ])('closes it when it is left %s', async (_, consume) => {
    const key = etcd.key();
    const watcher = await open(key);
    const consumed = consume(watcher);
    await etcd.writer.set(`${key}/a`, '1');
    expect(await consumed).toBe(`set ${key}/a`);
    await noneLeft();
    await etcd.writer.set(`${key}/a`, '2');
    expect(await watcher.next()).toEqual(done);
  });

  it('gives one event to each call, in the order of the calls, however many there are at once', async () => {
    const key = etcd.key();
    const watcher = await open(key);
    const calls = Array.from({ length: 6 }, () => watcher.next());
    const indexes: number[] = [];
    for (let i = 0; i < 4; i++) indexes.push((await etcd.writer.set(`${key}/a`, String(i))).etcdIndex);
    const told = await Promise.all(calls.slice(0, 4));
    expect(told.map(({ value }) => value?.index)).toEqual(indexes);
    await watcher.close();
    expect(await Promise.all(calls.slice(4))).toEqual([done, done]);
  });

  it('gives what came before it began', async () => {
    const key = etcd.key();
    const watcher = await open(key);
    const { etcdIndex } = await etcd.writer.set(`${key}/a`, '1');
    const later = await etcd.watch(key, { recursive: true });
    await later.reaches((await etcd.writer.set(`${key}/b`, '1')).etcdIndex);
    expect((await watcher.next()).value).toMatchObject({ index: etcdIndex, key: `${key}/a` });
    expect((await watcher.next()).value).toMatchObject({ index: etcdIndex + 1, key: `${key}/b` });
  });

  it('ends when the watcher is closed, also with events that nobody has taken, and may be ended again', async () => {
    const key = etcd.key();
    const watcher = await open(key);
    for (let i = 0; i < 5; i++) await etcd.writer.set(`${key}/a`, String(i));
    expect((await watcher.next()).done).toBe(false);
    await Promise.all([watcher.close(), watcher.close()]);
    expect(await watcher.next()).toEqual(done);
    expect(await watcher.return()).toEqual(done);
    await watcher.close();
    await noneLeft();
  });

  it('ends without an error when the client is closed', async () => {
    const key = etcd.key();
    const client = etcd.client();
    const recorders = [
      new Recorder(client.watch(key, { recursive: true })),
      new Recorder(client.watch(`${key}/other`, { initial: true })),
    ];
    await Promise.all(recorders.map(({ watcher }) => watcher.ready));
    await recorders[0]?.reaches((await etcd.writer.set(`${key}/a`, '1')).etcdIndex);
    await client.close();
    expect(recorders.map(({ end }) => end)).toEqual(['done', 'done']);
  });

  it('ends with an error when it is begun after the client was closed', async () => {
    const key = etcd.key();
    const client = etcd.client();
    const recorders = [client.watch(key, { recursive: true }), client.watch(`${key}/other`)];
    await Promise.all(recorders.map(({ ready }) => ready));
    await client.close();
    for (const options of [{}, { recursive: true, initial: true }, { waitIndex: 5 }]) {
      const late = new Recorder(client.watch(key, options));
      await waitFor(() => late.end !== undefined, { what: 'the end of a watch of a closed client' });
      expect(late.end).toEqual({ error: expect.any(EtcdClosedError) });
      await expect(late.watcher.ready).rejects.toBeInstanceOf(EtcdClosedError);
    }
  });

  it('gives nothing after `close` has resolved, whenever that is called', async () => {
    const key = etcd.key();
    const client = etcd.client();
    const stop = new AbortController();
    const write = async () => {
      while (!stop.signal.aborted) await etcd.writer.set(`${key}/a`, 'v');
    };
    const writing = write();
    const late: EtcdEvent[] = [];
    let given = 0;
    const race = async (i: number) => {
      const watcher = client.watch(key, { recursive: true, initial: i % 3 === 0 });
      let isClosed = false;
      const consume = async () => {
        for await (const event of watcher) {
          given++;
          if (isClosed) late.push(event);
        }
      };
      const consuming = consume();
      // Before it is ready, when it has just become ready, and with events on their way.
      if (i % 4 > 0) await watcher.ready;
      for (let turn = 0; turn < i % 7; turn++) await new Promise((resolve) => setImmediate(resolve));
      await watcher.close();
      isClosed = true;
      await consuming;
    };
    for (let i = 0; i < 200; i += 10) await Promise.all(Array.from({ length: 10 }, (_, j) => race(i + j)));
    stop.abort();
    await writing;
    expect(late).toEqual([]);
    expect(given).toBeGreaterThan(0);
    await noneLeft();
  });
});
