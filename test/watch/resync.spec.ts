import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type EtcdClient, type EtcdNode, type EtcdResyncEvent } from 'nestjs-etcd/client';

import { waitFor } from '../support/wait-for.js';
import { brief, Recorder } from './recorder.js';
import { WatchedMember } from './watched-member.js';

const keysOf = (nodes: readonly EtcdNode[]) => nodes.map(({ key }) => key);

/** The differences that a state brings, without what was in the watched key's name. */
const difference = ({ key: top, added, changed, removed }: EtcdResyncEvent) => {
  const short = (keys: readonly string[]) => keys.map((key) => key.slice(top.length)).toSorted();
  return { added: short(keysOf(added)), changed: short(keysOf(changed)), removed: short(removed) };
};

describe('A resync', () => {
  let etcd: WatchedMember;
  let writer: EtcdClient;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
    writer = etcd.writer;
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  it('begins a watch that asked for it, and is followed by every later change', async () => {
    const key = etcd.key();
    for (const below of ['/a', '/dir/b', '/_hidden']) await writer.set(`${key}${below}`, below);
    const recorder = await etcd.watch(key, { recursive: true, initial: true });
    await recorder.reaches(1);
    const last = await writer.set(`${key}/a`, 'new');
    await recorder.reaches(last.etcdIndex);
    expect(recorder.brief).toEqual(['resync initial', `set ${key}/a`]);
    const [state] = recorder.resyncs;
    expect(state).toMatchObject({ key, node: { key, dir: true }, index: last.etcdIndex - 1 });
    expect(difference(state as EtcdResyncEvent)).toEqual({
      added: ['', '/a', '/dir', '/dir/b'],
      changed: [],
      removed: [],
    });
    expect(Array.from(state?.node?.leaves() ?? [], ({ value }) => String(value)).toSorted()).toEqual([
      '/a',
      '/dir/b',
    ]);
  });

  it('is followed by the changes after its index, and by none before, whatever is written meanwhile', async () => {
    const key = etcd.key();
    const indexes: number[] = [];
    const recorders: Recorder[] = [];
    const client = etcd.client();
    for (let i = 0; i < 200; i++) {
      // Some share a stream, which tells them of what is in their state as well.
      if (i % 10 === 0) {
        const own = i % 20 === 0 ? client : etcd.client();
        recorders.push(new Recorder(own.watch(key, { recursive: true, initial: true })));
      }
      indexes.push((await writer.set(`${key}/${i}`, 'v')).etcdIndex);
    }
    for (const recorder of recorders) {
      await recorder.reaches(indexes.at(-1) ?? 0);
      const [state, ...changes] = recorder.indexes;
      expect(recorder.brief[0]).toBe('resync initial');
      expect(changes).toEqual(indexes.filter((index) => index > (state ?? 0)));
    }
  });

  it('begins with nothing where nothing is', async () => {
    const key = etcd.key();
    const { index } = await etcd.raw.get('/');
    await writer.set(`${key}/file`, 'v');
    for (const absent of [`${key}/none`, `${key}/file/below`]) {
      const recorder = await etcd.watch(absent, { initial: true, recursive: true });
      await recorder.reaches(1);
      expect(recorder.events).toEqual([
        { action: 'resync', reason: 'initial', key: absent, node: undefined, index: index + 1, added: [], changed: [], removed: [] },
      ]); // prettier-ignore
    }
  });

  it('of a watch that is not recursive has the one node', async () => {
    const key = etcd.key();
    await writer.set(`${key}/file`, 'v');
    const [dir, file] = [
      await etcd.watch(key, { initial: true }),
      await etcd.watch(`${key}/file`, { initial: true }),
    ];
    await dir.reaches(1);
    await file.reaches(1);
    expect(difference(dir.resyncs[0] as EtcdResyncEvent).added).toEqual(['']);
    expect(file.resyncs[0]).toMatchObject({
      node: { key: `${key}/file`, value: 'v' },
      added: [{ value: 'v' }],
    });
  });

  it('stands for changes that have left the history', async () => {
    const key = etcd.key();
    const { etcdIndex } = await writer.set(`${key}/a`, 'v');
    await etcd.writeElsewhere(1_001);
    const recorder = await etcd.watch(key, { recursive: true, waitIndex: etcdIndex });
    await recorder.reaches(1);
    const last = await writer.set(`${key}/b`, 'v');
    await recorder.reaches(last.etcdIndex);
    expect(recorder.brief).toEqual(['resync cleared', `set ${key}/b`]);
    expect(difference(recorder.resyncs[0] as EtcdResyncEvent)).toEqual({
      added: ['', '/a'],
      changed: [],
      removed: [],
    });
    expect(recorder.resyncs[0]?.index).toBe(last.etcdIndex - 1);
    // The control: one index of the thousand that are kept is no reason.
    const kept = await etcd.watch(key, { recursive: true, waitIndex: last.etcdIndex - 990 });
    expect((await kept.reaches(last.etcdIndex)).brief).toEqual([`set ${key}/b`]);
  });

  it('stands for what cannot come: changes from an index on that the store has not reached', async () => {
    const key = etcd.key();
    const { etcdIndex } = await writer.set(`${key}/a`, 'v');
    const recorder = await etcd.watch(key, { recursive: true, waitIndex: etcdIndex + 5_000 });
    await recorder.reaches(1);
    const last = await writer.set(`${key}/b`, 'v');
    await recorder.reaches(last.etcdIndex);
    expect(recorder.brief).toEqual(['resync reset', `set ${key}/b`]);
    expect(recorder.resyncs[0]).toMatchObject({ index: etcdIndex, node: { key } });
    // The control: the next index is one that will come.
    const next = await etcd.watch(key, { recursive: true, waitIndex: last.etcdIndex + 1 });
    const { etcdIndex: news } = await writer.set(`${key}/c`, 'v');
    expect((await next.reaches(news)).brief).toEqual([`set ${key}/c`]);
  });

  it('tells what has been added, changed and removed since the last event, and nothing else', async () => {
    const key = etcd.key();
    for (const below of ['/same', '/changed', '/removed', '/dir/x', '/dir/y', '/becomes/file'])
      await writer.set(`${key}${below}`, '1');
    const recorder = await etcd.watch(key, { recursive: true, initial: true });
    await recorder.reaches(1);
    await writer.set(`${key}/told`, '1');
    await recorder.reaches((await writer.delete(`${key}/dir/y`)).etcdIndex);
    expect(recorder.brief).toEqual(['resync initial', `set ${key}/told`, `delete ${key}/dir/y`]);

    await etcd.proxy.refuse();
    etcd.proxy.reset();
    await writer.set(`${key}/changed`, '2');
    await writer.delete(`${key}/removed`);
    await writer.delete(`${key}/dir`, { recursive: true });
    await writer.delete(`${key}/becomes`, { recursive: true });
    await writer.set(`${key}/becomes`, 'a file');
    await writer.set(`${key}/new/z`, '2');
    await etcd.writeElsewhere(1_001);
    await etcd.proxy.accept();

    await waitFor(() => recorder.events.length > 3, { what: 'the state' });
    await recorder.reaches((await writer.set(`${key}/same`, '2')).etcdIndex);
    expect(recorder.brief.slice(3)).toEqual(['resync cleared', `set ${key}/same`]);
    expect(difference(recorder.resyncs[1] as EtcdResyncEvent)).toEqual({
      added: ['/new', '/new/z'],
      changed: ['/becomes', '/changed'],
      removed: ['/becomes/file', '/dir', '/dir/x', '/removed'],
    });
  });

  it.each([
    ['too many changes', { buffer: 5 }, 20, 'v'],
    ['too long ones', {}, 6, 'x'.repeat(1_000_000)],
  ])('stands for all that waits for a slow consumer when that are %s', async (_, options, count, value) => {
    const key = etcd.key();
    await writer.set(`${key}/old`, 'v');
    const client = etcd.client();
    const watcher = client.watch(key, { recursive: true, initial: true, ...options });
    // One that shares its stream, and says when everything has come.
    const other = await etcd.watch(key, { recursive: true }, client);
    expect(brief((await watcher.next()).value as EtcdResyncEvent)).toBe('resync initial');
    await writer.delete(`${key}/old`);
    for (let i = 0; i < count; i++) await writer.set(`${key}/${i}`, value);
    const last = await writer.set(`${key}/last`, 'v');
    await other.reaches(last.etcdIndex);

    const state = (await watcher.next()).value as EtcdResyncEvent;
    expect(state.action).toBe('resync');
    expect(state.reason).toBe('overflow');
    expect(state.index).toBe(last.etcdIndex);
    expect(difference(state)).toEqual({
      added: [...Array.from({ length: count }, (_, i) => `/${i}`), '/last'].toSorted(),
      changed: [],
      removed: ['/old'],
    });
    expect(watcher.index).toBe(last.etcdIndex);
    const recorder = new Recorder(watcher);
    const next = await writer.set(`${key}/next`, 'v');
    expect((await recorder.reaches(next.etcdIndex)).brief).toEqual([`set ${key}/next`]);
  });

  it('is not needed by a slow consumer for whom the changes still fit', async () => {
    const key = etcd.key();
    const client = etcd.client();
    const watcher = client.watch(key, { recursive: true, buffer: 20 });
    const other = await etcd.watch(key, { recursive: true }, client);
    const indexes: number[] = [];
    for (let i = 0; i < 20; i++) indexes.push((await writer.set(`${key}/${i}`, 'v')).etcdIndex);
    await other.reaches(indexes.at(-1) ?? 0);
    const recorder = await new Recorder(watcher).reaches(indexes.at(-1) ?? 0);
    expect(recorder.indexes).toEqual(indexes);
    expect(recorder.resyncs).toEqual([]);
  });

  it('is not needed when the store goes on by more than 500 elsewhere between two changes', async () => {
    const key = etcd.key();
    const recorder = await etcd.watch(key, { recursive: true }, etcd.client({ watch: { rearm: 60_000 } }));
    const indexes: number[] = [];
    for (const count of [0, 600, 0, 900]) {
      await etcd.writeElsewhere(count);
      indexes.push((await writer.set(`${key}/a`, String(count))).etcdIndex);
      indexes.push((await writer.set(`${key}/b`, String(count))).etcdIndex);
    }
    await recorder.reaches(indexes.at(-1) ?? 0);
    expect(recorder.indexes).toEqual(indexes);
    expect(recorder.resyncs).toEqual([]);
  });
});
