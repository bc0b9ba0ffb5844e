import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type EtcdClient } from 'nestjs-etcd/client';

import { waitFor } from '../support/wait-for.js';
import { RawWatch } from './raw-watch.js';
import { type Recorder } from './recorder.js';
import { WatchedMember } from './watched-member.js';

/** What of a change tells where it lies. */
const places = ({ changes }: Recorder) =>
  changes.map(({ action, key, relation, gone }) => ({ action, key, relation, gone }));

describe('What a watch is told', () => {
  let etcd: WatchedMember;
  let writer: EtcdClient;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
    writer = etcd.writer;
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  /** The index before which nothing is of interest. */
  const now = async () => (await etcd.raw.get('/')).index;

  describe('of hidden keys', () => {
    const hide = async (key: string) => {
      await writer.set(`${key}/_h`, '1');
      await writer.set(`${key}/dir/_h/below`, '2');
      await writer.delete(`${key}/_h`);
      await writer.set(`${key}/a_b`, 'visible');
      return (await writer.set(`${key}/last`, 'visible')).etcdIndex;
    };
    const visible = (key: string) => [`set ${key}/a_b`, `set ${key}/last`];

    it('is nothing to who watches from above', async () => {
      const key = etcd.key();
      const recorder = await etcd.watch(key, { recursive: true });
      await recorder.reaches(await hide(key));
      expect(recorder.brief).toEqual(visible(key));
    });

    it('is nothing to who watches from above also when it comes out of the history, where etcd does not hide it', async () => {
      const key = etcd.key();
      const from = (await now()) + 1;
      const last = await hide(key);
      const recorder = await etcd.watch(key, { recursive: true, waitIndex: from });
      await recorder.reaches(last);
      expect(recorder.brief).toEqual(visible(key));
      // The control.
      await using raw = await RawWatch.open(etcd.member, `${key}?wait=true&recursive=true&waitIndex=${from}`);
      expect(await raw.has(1)).toEqual([`set ${key}/_h`]);
    });

    it.each(['live', 'out of the history'])(
      'is everything to who watches them themselves, %s',
      async (how) => {
        const key = etcd.key();
        const options = how === 'live' ? {} : { waitIndex: (await now()) + 1 };
        const [file, dir] = [`${key}/_h`, `${key}/dir/_h`];
        const watch = () => [etcd.watch(file, options), etcd.watch(dir, { recursive: true, ...options })];
        const early = how === 'live' ? await Promise.all(watch()) : undefined;
        await hide(key);
        const [ofFile, ofDir] = early ?? (await Promise.all(watch()));
        await ofFile?.reaches((await writer.set(file, '3')).etcdIndex);
        expect(ofFile?.brief).toEqual([`set ${file}`, `delete ${file}`, `set ${file}`]);
        await ofDir?.reaches((await writer.set(`${dir}/below`, '4')).etcdIndex);
        expect(ofDir?.brief).toEqual([`set ${dir}/below`, `set ${dir}/below`]);
        expect(ofDir?.changes[0]?.relation).toBe('descendant');
      },
    );
  });

  describe('of a directory above it', () => {
    it('is its removal, once, with the directory as its node', async () => {
      const key = etcd.key();
      await writer.set(`${key}/dir/file`, 'v');
      const recorders = [
        await etcd.watch(`${key}/dir/file`),
        await etcd.watch(`${key}/dir/file`, { recursive: true }),
        await etcd.watch(`${key}/dir`, { recursive: true }),
      ];
      const removed = await writer.delete(key, { recursive: true });
      const last = await writer.set(`${key}/dir/file`, 'again');
      const ancestor = { action: 'delete', key, relation: 'ancestor', gone: true };
      for (const recorder of recorders) {
        await recorder.reaches(last.etcdIndex);
        expect(places(recorder)[0]).toEqual(ancestor);
        expect(recorder.changes[0]).toMatchObject({
          index: removed.etcdIndex,
          node: removed.node,
          prevNode: { key, dir: true, children: [] },
        });
        expect(recorder.indexes).toEqual([removed.etcdIndex, last.etcdIndex]);
      }
    });

    it('is its expiry', async () => {
      const key = etcd.key();
      await writer.set(`${key}/dir/file`, 'v');
      const { index } = await etcd.raw.put(key, { dir: 'true', prevExist: 'true', ttl: '1' });
      const recorder = await etcd.watch(`${key}/dir`, { recursive: true, waitIndex: index + 1 });
      await waitFor(() => recorder.events.length > 0, { what: 'the expiry' });
      expect(places(recorder)).toEqual([{ action: 'expire', key, relation: 'ancestor', gone: true }]);
    });

    it('is nothing of what else is done to it', async () => {
      const key = etcd.key();
      await writer.mkdir(key);
      const recorder = await etcd.watch(`${key}/file`, { recursive: true });
      await etcd.raw.put(key, { dir: 'true', prevExist: 'true', ttl: '100' });
      await writer.set(`${key}/other`, 'v');
      await recorder.reaches((await writer.set(`${key}/file`, 'v')).etcdIndex);
      expect(recorder.brief).toEqual([`set ${key}/file`]);
    });

    it.each(['live', 'out of the history'])(
      'is none of one whose name only begins like its own, %s',
      async (how) => {
        const foo = etcd.key();
        const [foobar, sub] = [`${foo}bar`, `${foo}bar/sub`];
        for (const key of [`${foo}/x`, `${sub}/y`]) await writer.set(key, 'v');
        const from = (await now()) + 1;
        const options = how === 'live' ? {} : { waitIndex: from };
        const watch = () =>
          Promise.all([
            etcd.watch(foobar, { ...options, recursive: true }),
            etcd.watch(sub, options),
            etcd.watch(`${sub}/y`, options),
          ]);
        const early = how === 'live' ? await watch() : undefined;
        await writer.delete(foo, { recursive: true });
        const removed = await writer.delete(foobar, { recursive: true });
        for (const recorder of early ?? (await watch())) {
          await recorder.reaches(removed.etcdIndex);
          expect(recorder.brief).toEqual([`delete ${foobar}`]);
        }
        // The control: etcd's history goes by the text alone.
        await using raw = await RawWatch.open(etcd.member, `${sub}?wait=true&waitIndex=${from}`);
        expect(await raw.has(1)).toEqual([`delete ${foo}`]);
      },
    );

    it('is nothing to who knows that nothing was there', async () => {
      const key = etcd.key();
      await writer.set(`${key}/other`, 'v');
      const client = etcd.client();
      // A wider watch of the same client is told of it.
      const wide = await etcd.watch(key, { recursive: true }, client);
      const recorder = await etcd.watch(`${key}/none`, { initial: true }, client);
      await recorder.reaches(1);
      const removed = await writer.delete(key, { recursive: true });
      const last = await writer.set(`${key}/none`, 'v');
      await recorder.reaches(last.etcdIndex);
      expect(recorder.brief).toEqual(['resync initial', `set ${key}/none`]);
      expect(wide.indexes).toEqual([removed.etcdIndex, last.etcdIndex]);
    });
  });

  it('is nothing of a file that stood where a directory above it would', async () => {
    const key = etcd.key();
    const client = etcd.client();
    // It shares the wider one, which is told of the file.
    const wide = await etcd.watch(key, { recursive: true }, client);
    const recorder = await etcd.watch(`${key}/file/below`, {}, client);
    await writer.set(`${key}/file`, 'v');
    await writer.delete(`${key}/file`);
    const last = await writer.set(`${key}/file/below`, 'v');
    for (const each of [wide, recorder]) await each.reaches(last.etcdIndex);
    expect(recorder.brief).toEqual([`set ${key}/file/below`]);
    expect(wide.brief).toHaveLength(3);
  });

  it('is the same whether it has a stream of its own or shares a wider one', async () => {
    const key = etcd.key();
    const scopes = ['', '/a', '/a/b', '/a/b/c', '/a/_h', '/a/_h/x', '/ab'].flatMap((below) =>
      [true, false].map((recursive) => ({ key: `${key}${below}`, recursive })),
    );
    const fill = async () => {
      for (const below of ['/a/b/c/d', '/a/_h/x/y', '/ab/z']) await writer.set(`${key}${below}`, 'v');
    };
    await fill();
    const one = etcd.client();
    const watchAll = (client?: EtcdClient) =>
      Promise.all(scopes.map(({ key, recursive }) => etcd.watch(key, { recursive }, client)));
    const [shared, alone] = [await watchAll(one), await watchAll()];
    await writer.delete(`${key}/a/_h/x/y`);
    await writer.delete(`${key}/a/b/c`, { recursive: true });
    await writer.set(`${key}/a/b/c`, 'a file now');
    await writer.delete(`${key}/a`, { recursive: true });
    await fill();
    const last = await writer.delete(key, { recursive: true });
    for (const [i, recorder] of alone.entries()) {
      await recorder.reaches(last.etcdIndex);
      await shared[i]?.reaches(last.etcdIndex);
      expect(recorder.indexes.at(-1)).toBe(last.etcdIndex);
      expect(shared[i]?.events).toEqual(recorder.events);
    }
    // The wide one tells more than the narrow ones, or they would prove nothing.
    expect(new Set(alone.map(({ events }) => events.length)).size).toBeGreaterThan(3);
  });
});
