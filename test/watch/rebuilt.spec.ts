import { describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdClusterIdChangedError } from 'nestjs-etcd/client';

import { Lines } from '../cluster/lines.js';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { freePort, waitFor } from '../support/wait-for.js';
import { Recorder } from './recorder.js';

/** Ports on which one member can follow another. */
async function ports() {
  return { clientPort: await freePort(), peerPort: await freePort() };
}

/** Fills a fresh store, and gives a watch that has told of it. */
async function watchFilled(etcd: EtcdClient): Promise<Recorder> {
  const recorder = new Recorder(etcd.watch('/app', { recursive: true, initial: true }));
  await recorder.watcher.ready;
  for (let i = 0; i < 30; i++) await etcd.set(`/app/${i % 3}`, String(i));
  return recorder.reaches((await etcd.set('/app/old', 'v')).etcdIndex);
}

describe('A watch of a store that was built anew', () => {
  it('tells the new state, and then what happens in it, though its indexes are lower', async () => {
    const seat = await ports();
    await using proxy = await TcpProxy.start(`http://127.0.0.1:${seat.clientPort}`);
    const logger = new Lines();
    await using etcd = new EtcdClient({ hosts: proxy.url, sync: false, logger, tryTimeout: 5_000 });
    let recorder: Recorder;
    {
      await using first = await EtcdMember.start(seat);
      recorder = await watchFilled(etcd);
      expect(etcd.clusterId).toBe((await first.request('/v2/members')).headers['x-etcd-cluster-id']);
      await proxy.refuse();
      proxy.reset();
    }
    const before = recorder.events.length;
    await using second = await EtcdMember.start(seat);
    // The same addresses and flags make the same id: nothing but the indexes says that this is another store.
    expect((await second.request('/v2/members')).headers['x-etcd-cluster-id']).toBe(etcd.clusterId);
    await using writer = new EtcdClient({ hosts: second.url, ...patient });
    const { etcdIndex } = await writer.set('/app/1', 'anew');
    await proxy.accept();
    await waitForMore(recorder, before);
    const last = await writer.set('/app/2', 'anew');
    await waitForMore(recorder, before + 1);
    expect(recorder.brief.slice(before)).toEqual(['resync reset', 'set /app/2']);
    expect(recorder.resyncs.at(-1)).toMatchObject({
      index: etcdIndex,
      added: [],
      changed: [{ key: '/app/1', value: 'anew' }],
    });
    expect(recorder.resyncs.at(-1)?.removed.toSorted()).toEqual(['/app/0', '/app/2', '/app/old']);
    expect(recorder.watcher.index).toBe(last.etcdIndex);
    // The control: all of this lies before what had been told.
    expect(last.etcdIndex).toBeLessThan(recorder.indexes[before - 1] ?? 0);
    expect(logger.with('has gone back from index')).toHaveLength(1);
  });

  it('tells that nothing is there any more, where the new store has overtaken the old index', async () => {
    const seat = await ports();
    await using proxy = await TcpProxy.start(`http://127.0.0.1:${seat.clientPort}`);
    await using etcd = new EtcdClient({ hosts: proxy.url, sync: false, tryTimeout: 5_000 });
    let recorder: Recorder;
    {
      await using first = await EtcdMember.start(seat);
      // Each start is a term of raft's.
      await first.restart();
      recorder = await watchFilled(etcd);
      await proxy.refuse();
      proxy.reset();
    }
    const before = recorder.events.length;
    await using second = await EtcdMember.start(seat);
    await using writer = new EtcdClient({ hosts: second.url, ...patient });
    for (let i = 0; i < 60; i++) await writer.set(`/elsewhere/${i}`, 'v');
    await proxy.accept();
    await waitForMore(recorder, before);
    expect(recorder.brief.slice(before)).toEqual(['resync reset']);
    expect(recorder.resyncs.at(-1)).toMatchObject({ node: undefined, added: [], changed: [] });
    expect(recorder.resyncs.at(-1)?.removed.toSorted()).toEqual([
      '/app',
      '/app/0',
      '/app/1',
      '/app/2',
      '/app/old',
    ]);
  });

  it('ends when it is another cluster that answers there', async () => {
    const seat = await ports();
    await using etcd = new EtcdClient({ hosts: `http://127.0.0.1:${seat.clientPort}`, tryTimeout: 5_000 });
    let recorder: Recorder;
    {
      await using first = await EtcdMember.start(seat);
      recorder = await watchFilled(etcd);
      expect(first.isRunning).toBe(true);
    }
    await using second = await EtcdMember.start({ ...seat, args: ['--initial-cluster-token=another'] });
    expect((await second.request('/v2/members')).headers['x-etcd-cluster-id']).not.toBe(etcd.clusterId);
    await recorder.ended;
    expect(recorder.end).toEqual({ error: expect.any(EtcdClusterIdChangedError) });
    expect(recorder.resyncs).toHaveLength(1);
  });
});

/** Resolves when there are more events than there were. */
async function waitForMore(recorder: Recorder, count: number): Promise<void> {
  await waitFor(() => recorder.events.length > count || recorder.end !== undefined, {
    what: 'another event',
  });
}
