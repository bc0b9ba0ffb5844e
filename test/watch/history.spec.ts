import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type EtcdClient } from 'nestjs-etcd/client';

import { waitFor } from '../support/wait-for.js';
import { RawWatch } from './raw-watch.js';
import { deviation, noDeviation, Recorder } from './recorder.js';
import { WatchedMember } from './watched-member.js';

describe('A watch with `waitIndex`', () => {
  let etcd: WatchedMember;
  let writer: EtcdClient;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
    writer = etcd.writer;
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  /** Writes keys below one, and gives the indexes of the changes. */
  async function write(key: string, count: number, between = 0): Promise<number[]> {
    const indexes: number[] = [];
    for (let i = 0; i < count; i++) {
      indexes.push((await writer.set(`${key}/${i % 10}`, String(i))).etcdIndex);
      for (let j = 0; j < between; j++) await writer.set('/elsewhere', String(j));
    }
    return indexes;
  }

  it.each([
    ['900 changes in a row', 900, 0],
    ['90 changes with 10 others after each', 90, 10],
    ['one change with 900 others after it', 1, 900],
    ['one change', 1, 0],
  ])('tells %s once each and in order, and then what comes', async (_, count, between) => {
    const key = etcd.key();
    const before = await write(key, count, between);
    const recorder = await etcd.watch(key, { recursive: true, waitIndex: before[0] ?? 0 });
    const later = await write(key, 5);
    await recorder.reaches(later.at(-1) ?? 0);
    expect(deviation(recorder.indexes, [...before, ...later])).toEqual(noDeviation);
    expect(recorder.resyncs).toEqual([]);
    expect(recorder.changes.map(({ node }) => node.value)).toEqual(
      [...before.keys(), ...later.keys()].map(String),
    );
  });

  it('keeps what it has fetched for a consumer that begins when it is ready', async () => {
    const key = etcd.key();
    const indexes = await write(key, 30);
    for (const below of ['', '/0']) {
      const watcher = etcd.client().watch(`${key}${below}`, { recursive: true, waitIndex: indexes[0] ?? 0 });
      await watcher.ready;
      expect(watcher.index).toBeLessThan(indexes[0] ?? 0);
      const own = indexes.filter((_, i) => below === '' || i % 10 === 0);
      const recorder = await new Recorder(watcher).reaches(own.at(-1) ?? 0);
      expect(recorder.indexes).toEqual(own);
    }
  });

  it('tells what is written while it catches up', async () => {
    const key = etcd.key();
    const before = await write(key, 300);
    const recorder = etcd.watch(key, { recursive: true, waitIndex: before[0] ?? 0 });
    const later = await Promise.all(['a', 'b', 'c'].map((name) => write(`${key}/${name}`, 100)));
    const all = [...before, ...later.flat().sort((a, b) => a - b)];
    const { indexes } = await (await recorder).reaches(all.at(-1) ?? 0);
    expect(deviation(indexes, all)).toEqual(noDeviation);
  });

  it('begins at that index, in the middle of the history as well', async () => {
    const key = etcd.key();
    const indexes = await write(key, 20);
    const recorder = await etcd.watch(key, { recursive: true, waitIndex: indexes[12] ?? 0 });
    await recorder.reaches(indexes.at(-1) ?? 0);
    expect(recorder.indexes).toEqual(indexes.slice(12));
    // One that is after a result has nothing to tell of it.
    const next = await etcd.watch(key, { recursive: true, waitIndex: (indexes.at(-1) ?? 0) + 1 });
    const [more] = await write(key, 1);
    expect((await next.reaches(more ?? 0)).indexes).toEqual([more]);
  });

  it('tells a single key what has become of it, its removals too', async () => {
    const key = etcd.key();
    const first = await writer.set(key, '1');
    await writer.delete(key);
    await writer.set(`${key}/now/a/dir`, '2');
    await writer.delete(key, { recursive: true });
    const last = await writer.set(key, '3');
    const recorder = await etcd.watch(key, { waitIndex: first.etcdIndex });
    await recorder.reaches(last.etcdIndex);
    expect(recorder.brief).toEqual([`set ${key}`, `delete ${key}`, `delete ${key}`, `set ${key}`]);
    // The control: etcd answers such a stream once, and then never again.
    await using raw = await RawWatch.open(
      etcd.member,
      `${key}?wait=true&stream=true&waitIndex=${first.etcdIndex}`,
    );
    await raw.has(1);
    const news = await writer.set(key, '4');
    await recorder.reaches(news.etcdIndex);
    expect(recorder.changes).toHaveLength(5);
    expect(raw.brief).toEqual([`set ${key}`]);
  });

  it('is ready when it has nothing left to fetch, also where the last changes were elsewhere', async () => {
    const key = etcd.key();
    const [first, second] = await write(key, 2);
    await etcd.writeElsewhere(20);
    const recorder = await etcd.watch(key, { recursive: true, waitIndex: first ?? 0 });
    expect((await recorder.reaches(second ?? 0)).indexes).toEqual([first, second]);
    const idle = await etcd.watch(etcd.key(), { waitIndex: first ?? 0 });
    expect(idle.events).toEqual([]);
  });

  it('shares what others of its client watch once it has caught up', async () => {
    const key = etcd.key();
    const client = etcd.client({ watch: { rearm: 700 } });
    const now = await etcd.watch(key, { recursive: true }, client);
    const before = await write(key, 50);
    const recorder = await etcd.watch(`${key}/0`, { waitIndex: before[0] ?? 0 }, client);
    await waitFor(async () => (await etcd.registered()) === 1, { what: 'one watch for both' });
    const [last] = await write(key, 1);
    await recorder.reaches(last ?? 0);
    await now.reaches(last ?? 0);
    expect(recorder.indexes).toEqual([...before.filter((_, i) => i % 10 === 0), last]);
    expect(now.indexes).toEqual([...before, last]);
  });
});
