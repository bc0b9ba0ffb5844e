import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type EtcdChangeEvent, type EtcdResult } from 'nestjs-etcd/client';

import { waitFor } from '../support/wait-for.js';
import { RawWatch } from './raw-watch.js';
import { WatchedMember } from './watched-member.js';

/** A change as the one who made it was told, seen by somebody else. */
const as = (
  { action, node, prevNode, etcdIndex }: EtcdResult,
  relation: EtcdChangeEvent['relation'],
  gone = false,
): EtcdChangeEvent => ({
  action: action as EtcdChangeEvent['action'],
  key: node.key,
  node,
  prevNode,
  index: etcdIndex,
  removal: ['delete', 'compareAndDelete', 'expire'].includes(action),
  relation,
  gone,
});

describe('The events of a watch', () => {
  let etcd: WatchedMember;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  it('are what every writer was told: each action once and in order', async () => {
    const key = etcd.key();
    const { writer } = etcd;
    const recorder = await etcd.watch(key, { recursive: true });
    const results = [
      await writer.create(`${key}/a`, '1'),
      await writer.set(`${key}/a`, '2'),
      await writer.update(`${key}/a`, '3', { ttl: 100 }),
      await writer.compareAndSwap(`${key}/a`, '4', { prevValue: '3' }),
      await writer.set(`${key}/deep/er/b`, ''),
      await writer.append(`${key}/queue`, 'first'),
      await writer.mkdir(`${key}/dir`),
      await writer.delete(`${key}/a`),
      await writer.rmdir(`${key}/dir`),
      await writer.delete(`${key}/deep`, { recursive: true }),
      await writer.set(`${key}/c`, 'x'),
      await writer.compareAndDelete(`${key}/c`, { prevValue: 'x' }),
      await writer.set(`${key}/last`, 'x'),
    ];
    const { changes } = await recorder.reaches(results.at(-1)?.etcdIndex ?? 0);
    expect(changes).toEqual(results.map((result) => as(result, 'descendant')));
    expect(new Set(changes.map(({ action }) => action)).size).toBe(7 - 1);
    expect(recorder.resyncs).toEqual([]);
  });

  it('tell an expiry, with what had been there', async () => {
    const key = etcd.key();
    const recorder = await etcd.watch(key, { recursive: true });
    const { node } = await etcd.writer.set(`${key}/short`, 'v', { ttl: 1 });
    await waitFor(() => recorder.events.length > 1, { what: 'the expiry' });
    await recorder.reaches((await etcd.writer.set(`${key}/last`, 'v')).etcdIndex);
    expect(recorder.brief).toEqual([`set ${key}/short`, `expire ${key}/short`, `set ${key}/last`]);
    expect(recorder.changes[1]).toMatchObject({
      node: { key: `${key}/short`, value: undefined, createdIndex: node.createdIndex },
      prevNode: { value: 'v', modifiedIndex: node.modifiedIndex },
      relation: 'descendant',
      removal: true,
      gone: false,
    });
  });

  it.each([false, true])(
    'tell the removal of the watched key once, though etcd says it twice (recursive %s)',
    async (recursive) => {
      const key = etcd.key();
      const { writer } = etcd;
      const recorder = await etcd.watch(key, { recursive }, etcd.client({ watch: { rearm: 60_000 } }));
      await using raw = await RawWatch.open(etcd.member, `${key}?wait=true&stream=true`);
      const results = [
        await writer.set(key, '1'),
        await writer.delete(key),
        await writer.set(key, '2'),
        await writer.compareAndDelete(key, { prevValue: '2' }),
        await writer.set(key, '3', { ttl: 1 }),
      ];
      await waitFor(() => recorder.events.length >= 6, { what: 'the expiry' });
      const last = await writer.set(key, '4');
      await recorder.reaches(last.etcdIndex);
      expect(recorder.brief).toEqual([
        `set ${key}`,
        `delete ${key}`,
        `set ${key}`,
        `compareAndDelete ${key}`,
        `set ${key}`,
        `expire ${key}`,
        `set ${key}`,
      ]);
      expect(recorder.changes.slice(0, 5)).toEqual(
        results.map((result) => as(result, 'self', result.node.value === undefined)),
      );
      expect(recorder.changes[5]).toMatchObject({ gone: true, relation: 'self', prevNode: { value: '3' } });
      // The controls: etcd has said them twice, and this all came over one stream.
      expect((await raw.has(10)).filter((event) => event === `delete ${key}`)).toHaveLength(2);
      expect(etcd.watches.filter((line) => line.includes(`${key}?`))).toHaveLength(1);
    },
  );

  it('tell nothing of a refresh', async () => {
    const key = etcd.key();
    const { writer } = etcd;
    await writer.set(key, 'kept', { ttl: 100 });
    const [one, all] = [await etcd.watch(key), await etcd.watch(key, { recursive: true })];
    const { etcdIndex } = await writer.refresh(key, 200);
    const last = await writer.set(key, 'new');
    for (const recorder of [one, all]) {
      await recorder.reaches(last.etcdIndex);
      expect(recorder.indexes).toEqual([last.etcdIndex]);
      // The control: it has moved the index of the key.
      expect(recorder.changes[0]?.prevNode?.modifiedIndex).toBe(etcdIndex);
    }
  });

  it('of a directory that is watched alone are those of the directory, and not of what is in it', async () => {
    const key = etcd.key();
    const { writer } = etcd;
    const recorder = await etcd.watch(key);
    const made = await writer.mkdir(key);
    await writer.set(`${key}/in/it`, 'v');
    await writer.delete(`${key}/in/it`);
    const { index: updated } = await etcd.raw.put(key, { dir: 'true', prevExist: 'true', ttl: '100' });
    const gone = await writer.delete(key, { recursive: true });
    const file = await writer.set(key, 'a file now');
    await recorder.reaches(file.etcdIndex);
    expect(recorder.brief).toEqual([`create ${key}`, `update ${key}`, `delete ${key}`, `set ${key}`]);
    expect(recorder.changes[0]).toEqual(as(made, 'self'));
    expect(recorder.changes[1]).toMatchObject({ index: updated, node: { dir: true, ttl: 100 } });
    expect(recorder.changes[2]).toEqual(as(gone, 'self', true));
    expect(gone.prevNode?.dir).toBe(true);
  });

  it('of the root are all that are visible', async () => {
    const [watched, other] = [etcd.key(), etcd.key()];
    const all = await etcd.watch('/', { recursive: true });
    const root = await etcd.watch('/');
    const first = await etcd.writer.set(watched, 'v');
    await etcd.writer.set('/_hidden', 'v');
    const last = await etcd.writer.set(`${other}/deep`, 'v');
    await all.reaches(last.etcdIndex);
    expect(all.changes).toEqual([as(first, 'descendant'), as(last, 'descendant')]);
    expect(root.events).toEqual([]);
  });

  it('come for a key that does not exist when it comes into being, whatever has to be made above it', async () => {
    const key = etcd.key();
    const recorder = await etcd.watch(`${key}/not/there`);
    await etcd.writer.set(`${key}/not/other`, 'v');
    const result = await etcd.writer.set(`${key}/not/there`, 'v');
    await recorder.reaches(result.etcdIndex);
    expect(recorder.changes).toEqual([as(result, 'self')]);
    expect(recorder.changes[0]?.prevNode).toBeUndefined();
  });

  it('are the same for all who watch the same, also for one that comes later', async () => {
    const key = etcd.key();
    const client = etcd.client();
    const [first, second] = [await etcd.watch(key, {}, client), await etcd.watch(key, {}, client)];
    await first.reaches((await etcd.writer.set(key, '1')).etcdIndex);
    const third = await etcd.watch(key, {}, client);
    const last = await etcd.writer.set(key, '2');
    for (const recorder of [first, second, third]) await recorder.reaches(last.etcdIndex);
    expect(first.changes).toHaveLength(2);
    expect(second.changes).toEqual(first.changes);
    expect(third.changes).toEqual(first.changes.slice(1));
  });
});
