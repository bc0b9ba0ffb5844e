import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { waitFor } from '../support/wait-for.js';
import { FakeStore } from './fake-store.js';
import { Recorder } from './recorder.js';

it('A watch has a second stream when as many events come within 10 ms as etcd keeps for one, not when fewer come at once', async () => {
  await using store = await FakeStore.start();
  await using etcd = new EtcdClient({ hosts: store.url, sync: false, watch: { rearm: 60_000 } });
  const recorder = new Recorder(etcd.watch('/a'));
  await recorder.watcher.ready;

  const write = async (count: number) => {
    let last = 0;
    for (let i = 0; i < count; i++) last = store.write();
    await recorder.reaches(last);
  };
  /** How many streams there are for some time; undefined while one takes over from another. */
  const streams = async () => {
    const seen = new Set<number>();
    for (let i = 0; i < 8; i++) {
      await write(1);
      seen.add(store.streaming);
      await sleep(5);
    }
    return seen.size === 1 ? [...seen][0] : undefined;
  };

  for (let i = 0; i < 20; i++) {
    // What comes at once when this process has had no core for a while.
    await write(40);
    await sleep(20);
  }
  // One that stood by would stay for 10 s.
  await waitFor(async () => (await streams()) === 1, { timeout: 9_000, what: 'one stream' });
  await waitFor(
    async () => {
      await write(400);
      return (await streams()) === 2;
    },
    { timeout: 9_000, what: 'a second stream' },
  );
  expect(recorder.resyncs).toEqual([]);
});
