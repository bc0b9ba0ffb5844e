import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type EtcdClient } from 'nestjs-etcd/client';

import { waitFor } from '../support/wait-for.js';
import { deviation, noDeviation, Recorder } from './recorder.js';
import { WatchedMember } from './watched-member.js';

describe('Watches of one client', () => {
  let etcd: WatchedMember;
  let client: EtcdClient;
  let key: string;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  const begin = (rearm = 60_000) => {
    client = etcd.client({ watch: { rearm } });
    key = etcd.key();
  };
  const watch = (below = '', options = {}) => new Recorder(client.watch(`${key}${below}`, options));
  const ready = (recorders: readonly Recorder[]) =>
    Promise.all(recorders.map(({ watcher }) => watcher.ready));
  const set = async (below: string, value = 'v') =>
    (await etcd.writer.set(`${key}${below}`, value)).etcdIndex;
  /** How many watches were sent for keys of this test. */
  const sent = () =>
    etcd.watches.filter((line) => line.includes(`${key}?`) || line.includes(`${key}/`)).length;

  /** Writes below the key, one after the other, while something is done. */
  async function writeWhile(names: readonly string[], work: () => Promise<unknown>): Promise<number[]> {
    const indexes: number[] = [];
    const write = async () => {
      for (const name of names) indexes.push(await set(name));
    };
    await write();
    const working = work();
    const done = new AbortController();
    const end = () => done.abort();
    working.then(end, end);
    while (!done.signal.aborted) await write();
    await working;
    await write();
    return indexes;
  }

  it('share one stream when they watch the same, and each is told everything', async () => {
    begin();
    const recorders = Array.from({ length: 20 }, () => watch('', { recursive: true }));
    await ready(recorders);
    recorders.push(watch('', { recursive: true }), watch());
    await ready(recorders);
    expect(await etcd.registered()).toBe(1);
    expect(sent()).toBe(1);
    const indexes = [await set('/a'), await set('/b')];
    for (const recorder of recorders.slice(0, 21)) {
      await recorder.reaches(indexes[1] ?? 0);
      expect(recorder.indexes).toEqual(indexes);
    }
    expect(recorders[21]?.events).toEqual([]);
  });

  it.each([
    ['begins first', ['', '/a', '/a/b']],
    ['begins last', ['/a/b', '/a', '']],
  ])('use the wider one that is asked for at the same time, whether that %s', async (_, scopes) => {
    begin();
    const recorders = scopes.map((below) => watch(below, { recursive: true }));
    await ready(recorders);
    expect(await etcd.registered()).toBe(1);
    expect(sent()).toBe(1);
    const index = await set('/a/b/c');
    for (const recorder of recorders) expect((await recorder.reaches(index)).indexes).toEqual([index]);
  });

  it('use a wider one that is there already, at once', async () => {
    begin();
    const wide = watch('', { recursive: true });
    await ready([wide]);
    const first = await set('/a');
    await wide.reaches(first);
    const narrow = watch('/a');
    await ready([narrow]);
    expect(narrow.watcher.index).toBe(first);
    expect([await etcd.registered(), sent()]).toEqual([1, 1]);
    const last = await set('/a');
    expect((await narrow.reaches(last)).indexes).toEqual([last]);
    expect((await wide.reaches(last)).indexes).toEqual([first, last]);
  });

  it('do not use one that is not wider: another key, a hidden one, one that is not recursive', async () => {
    begin();
    const recorders = [watch('/a', { recursive: true }), watch(), watch('/b'), watch('/a/_h'), watch('/ab')];
    await ready(recorders);
    expect(await etcd.registered()).toBe(5);
    const index = await set('/a/_h');
    await recorders[3]?.reaches(index);
    const last = await set('/a/x');
    await recorders[0]?.reaches(last);
    expect(recorders.map(({ indexes }) => indexes)).toEqual([[last], [], [], [index], []]);
  });

  it('of different clients share nothing', async () => {
    begin();
    const other = await etcd.watch(key, { recursive: true });
    await ready([watch('', { recursive: true }), other]);
    expect(await etcd.registered()).toBe(2);
  });

  it('come to use a wider one that begins later, while nothing happens', async () => {
    begin(700);
    const narrow = [watch('/a'), watch('/b', { recursive: true })];
    await ready(narrow);
    expect(await etcd.registered()).toBe(2);
    const wide = watch('', { recursive: true });
    await ready([wide]);
    await waitFor(async () => (await etcd.registered()) === 1, { what: 'one stream for all' });
    const indexes = [await set('/a'), await set('/b/c')];
    await wide.reaches(indexes[1] ?? 0);
    expect(wide.indexes).toEqual(indexes);
    for (const [i, recorder] of narrow.entries())
      expect((await recorder.reaches(indexes[i] ?? 0)).indexes).toEqual([indexes[i]]);
  });

  it('come to use a wider one that begins later and has told more, and lose nothing by it', async () => {
    begin(700);
    const names = ['/a', '/b/c', '/b/d'];
    const narrow = [watch('/a'), watch('/b', { recursive: true }), watch('/b/d')];
    await ready(narrow);
    let wide: Recorder | undefined;
    // While it is busy, and when it is quiet again.
    const indexes = await writeWhile(names, async () => {
      wide = watch('', { recursive: true });
      await ready([wide]);
    });
    await waitFor(async () => (await etcd.registered()) === 1, { what: 'one stream for all' });
    for (const name of names) indexes.push(await set(name));
    const of = (...own: string[]) => indexes.filter((_, i) => own.includes(names[i % 3] ?? ''));
    const expected = [of('/a'), of('/b/c', '/b/d'), of('/b/d')];
    for (const [i, recorder] of narrow.entries()) {
      await recorder.reaches(expected[i]?.at(-1) ?? 0);
      expect(deviation(recorder.indexes, expected[i] ?? [])).toEqual(noDeviation);
    }
    await wide?.reaches(indexes.at(-1) ?? 0);
    const told = wide?.indexes ?? [];
    expect(told).toEqual(indexes.slice(indexes.length - told.length));
    expect(told.length).toBeGreaterThan(3);
  });

  it.each([
    ['is closed', (wide: Recorder) => wide.watcher.close()],
    [
      'is aborted',
      (wide: Recorder, controller: AbortController) => {
        controller.abort();
        return wide.ended;
      },
    ],
    ['is left', (wide: Recorder) => wide.watcher.return()],
  ])('go on when the wider one that they use %s, and lose nothing by it', async (_, end) => {
    begin();
    const controller = new AbortController();
    const names = ['/a', '/b/c', '/b/d'];
    const wide = watch('', { recursive: true, signal: controller.signal });
    const narrow = [watch('/a'), watch('/b', { recursive: true }), watch('/b/d')];
    await ready([wide, ...narrow]);
    expect(await etcd.registered()).toBe(1);
    const indexes = await writeWhile(names, async () => {
      await end(wide, controller);
      // What is watched below `/b` anyway is not watched once more.
      await waitFor(async () => (await etcd.registered()) === 2, { what: 'the narrower streams' });
    });
    const of = (...own: string[]) => indexes.filter((_, i) => own.includes(names[i % 3] ?? ''));
    const expected = [of('/a'), of('/b/c', '/b/d'), of('/b/d')];
    for (const [i, recorder] of narrow.entries()) {
      await recorder.reaches(expected[i]?.at(-1) ?? 0);
      expect(deviation(recorder.indexes, expected[i] ?? [])).toEqual(noDeviation);
      expect(recorder.resyncs).toEqual([]);
    }
    expect(deviation(wide.indexes, indexes).strange).toEqual([]);
  });

  it('hold no stream any more when nobody watches', async () => {
    begin();
    const recorders = [watch('', { recursive: true }), watch('/a'), watch('/_h')];
    await ready(recorders);
    expect(await etcd.registered()).toBe(2);
    await Promise.all(recorders.map(({ watcher }) => watcher.close()));
    await waitFor(async () => (await etcd.registered()) === 0, { what: 'the end of the streams' });
    // And begin anew.
    const again = watch('', { recursive: true });
    await ready([again]);
    const index = await set('/a');
    expect((await again.reaches(index)).indexes).toEqual([index]);
  });
});
