import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '../support/wait-for.js';
import { WatchedMember } from './watched-member.js';

describe('A busy watch', () => {
  let etcd: WatchedMember;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  const streams = () => etcd.watches.filter((line) => line.includes('stream=true'));

  /** Writes so many keys, a few at a time, and gives the index of the last change. */
  async function write(key: string, count: number): Promise<number> {
    let last = 0;
    for (let i = 0; i < count; i += 10) {
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, n) => etcd.writer.set(`${key}/${i + n}`, 'v')),
      );
      last = Math.max(last, ...results.map(({ etcdIndex }) => etcdIndex));
    }
    return last;
  }

  it('asks its member where it is by polls of what it knows, and opens no connection for that', async () => {
    const key = etcd.key();
    const recorder = await etcd.watch(key, { recursive: true });
    await recorder.reaches(await write(key, 200));
    const [connections, watches] = [etcd.proxy.connections, etcd.watches.length];
    const end = performance.now() + 1_500;
    while (performance.now() < end) await recorder.reaches(await write(key, 50));
    expect(etcd.watches.length).toBeGreaterThan(watches + 3);
    // One for the polls, and one for a stream that stands by.
    expect(etcd.proxy.connections - connections).toBeLessThanOrEqual(2);
    expect(recorder.indexes).toHaveLength(new Set(recorder.indexes).size);
  });

  it('keeps its stream when the process stands still, however much it has told before', async () => {
    const key = etcd.key();
    const recorder = await etcd.watch(key, { recursive: true });
    await recorder.reaches(await write(key, 200));
    await sleep(20);
    const before = streams().length;
    for (let i = 0; i < 10; i++) {
      const written = write(key, 20);
      await sleep(3);
      const end = performance.now() + 60;
      while (performance.now() < end);
      await recorder.reaches(await written);
    }
    // What comes after each standstill is a burst, for which another stream may stand by.
    expect(streams().length - before).toBeLessThanOrEqual(1);
  });

  it('has another stream when its own has fallen silent after a burst', async () => {
    const key = etcd.key();
    const recorder = await etcd.watch(key, { recursive: true });
    await recorder.reaches(await write(key, 200));
    const before = streams().length;
    // Silence of the store and of a stream that was dropped look alike.
    await waitFor(() => streams().length > before, { what: 'another stream' });
    const last = await etcd.writer.set(`${key}/last`, 'v');
    await recorder.reaches(last.etcdIndex);
    expect(recorder.resyncs).toEqual([]);
  });
});
