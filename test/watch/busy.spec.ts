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

  it('keeps its stream when the process stands still, however much it has told before', async () => {
    const key = etcd.key();
    const recorder = await etcd.watch(key, { recursive: true });
    await recorder.reaches(await write(key, 200));
    const before = streams().length;
    for (let i = 0; i < 20; i++) {
      const written = write(key, 20);
      await sleep(3);
      const end = performance.now() + 60;
      while (performance.now() < end);
      await recorder.reaches(await written);
    }
    // One may stand by for the burst after each standstill, and one takes over after a silence as long as a doubt may be,
    // or when the machine has stood still for longer. Without patience there are 20.
    expect(streams().length - before).toBeLessThanOrEqual(8);
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

  it('looks into the history a few times at most when all happens elsewhere after a burst', async () => {
    const key = etcd.key();
    const recorder = await etcd.watch(key, { recursive: true });
    const burst = await Promise.all(
      Array.from({ length: 400 }, (_, i) => etcd.writer.set(`${key}/${i}`, 'v')),
    );
    await recorder.reaches(Math.max(...burst.map(({ etcdIndex }) => etcdIndex)));
    const polls = () => etcd.watches.length - streams().length;
    const before = polls();
    const end = performance.now() + 1_500;
    while (performance.now() < end) {
      await etcd.writeElsewhere(16);
      await sleep(10);
    }
    expect(polls() - before).toBeLessThanOrEqual(15);
    const last = await etcd.writer.set(`${key}/last`, 'v');
    await recorder.reaches(last.etcdIndex);
    expect(recorder.resyncs).toEqual([]);
  });
});
