import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { waitFor } from '../support/wait-for.js';
import { Recorder } from './recorder.js';
import { WatchedMember } from './watched-member.js';

const count = 1_000;

describe('A thousand watches', () => {
  let etcd: WatchedMember;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  const keysOf = (top: string) => Array.from({ length: count }, (_, i) => `${top}/${i}/key`);

  it('of different keys are told, beside requests that go on with few connections, and leave none behind', async () => {
    const client = etcd.client({ connections: 4 });
    const top = etcd.key();
    const recorders = keysOf(top).map((key) => new Recorder(client.watch(key)));
    await Promise.all(recorders.map(({ watcher }) => watcher.ready));
    // A member that is slow to answer some of them is left, and then found again.
    await waitFor(async () => (await etcd.registered()) === count, { timeout: 20_000, what: 'all watches' });

    // The client's own requests, many more at once than it has connections.
    const results = await Promise.all(keysOf(top).map((key) => client.set(key, 'v', { timeout: 20_000 })));
    const lines = etcd.proxy.requests.filter(({ line }) => line.startsWith('PUT '));
    // One more is kept for the question who a member is.
    expect(new Set(lines.map(({ connection }) => connection)).size).toBeLessThanOrEqual(5);
    for (const [i, recorder] of recorders.entries()) {
      await recorder.reaches(results[i]?.etcdIndex ?? 0);
      expect(recorder.indexes).toEqual([results[i]?.etcdIndex]);
    }
    expect((await client.get(`${top}/7/key`)).node.value).toBe('v');

    const opened = etcd.proxy.connections;
    await Promise.all(recorders.map(({ watcher }) => watcher.close()));
    await waitFor(async () => (await etcd.registered()) === 0, { what: 'the end of the watches' });
    await waitFor(() => etcd.proxy.openConnections <= 5, { what: 'the end of the connections' });
    // Nothing is opened for what is closed; some may be proofs of what was still open.
    expect(etcd.proxy.connections - opened).toBeLessThan(count / 2);
    await client.close();
    await waitFor(() => etcd.proxy.openConnections === 0, { what: 'the end of all connections' });
  }, 60_000);

  it('below one that is recursive cost one stream, and each is told its own', async () => {
    const client = etcd.client({ watch: { rearm: 60_000 } });
    const top = etcd.key();
    const recorders = keysOf(top).map((key) => new Recorder(client.watch(key)));
    const all = new Recorder(client.watch(top, { recursive: true }));
    await Promise.all([all, ...recorders].map(({ watcher }) => watcher.ready));
    expect(await etcd.registered()).toBe(1);
    const chosen = [0, 1, 499, 998, 999];
    const indexes: number[] = [];
    for (const i of chosen) indexes.push((await etcd.writer.set(`${top}/${i}/key`, 'v')).etcdIndex);
    expect((await all.reaches(indexes.at(-1) ?? 0)).indexes).toEqual(indexes);
    const told = recorders.flatMap(({ indexes }, i) => indexes.map((index) => [i, index]));
    expect(told).toEqual(chosen.map((i, n) => [i, indexes[n]]));
  });
});
