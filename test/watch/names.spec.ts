import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type EtcdClient, type EtcdKey, type EtcdNode } from 'nestjs-etcd/client';

import { Recorder } from './recorder.js';
import { WatchedMember } from './watched-member.js';

const keysOf = (nodes: readonly EtcdNode[]) => nodes.map(({ key }) => key);

describe('A watch', () => {
  let etcd: WatchedMember;
  let writer: EtcdClient;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
    writer = etcd.writer;
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  describe('in a namespace', () => {
    /** Watches below a prefix on a client of its own. */
    const watch = async (
      prefix: string,
      key: EtcdKey,
      options: Parameters<EtcdClient['watch']>[1] = {},
    ): Promise<Recorder> => {
      const recorder = new Recorder(etcd.client().namespace(prefix).watch(key, options));
      await recorder.watcher.ready;
      return recorder;
    };

    it('tells keys without the prefix, and nothing from beside it', async () => {
      const prefix = etcd.key();
      const recorders = [
        await watch(prefix, '/', { recursive: true }),
        await watch(prefix, 'a', { recursive: true }),
        await watch(prefix, ['a', 'b']),
      ];
      expect(recorders.map(({ watcher }) => watcher.key)).toEqual(['/', '/a', '/a/b']);
      await writer.set(`${prefix}beside/a/b`, 'v');
      await writer.set('/a/b', 'v');
      await writer.set(`${prefix}/a/b`, '1');
      const last = await writer.set(`${prefix}/a/b`, '2');
      for (const recorder of recorders) {
        await recorder.reaches(last.etcdIndex);
        expect(recorder.brief).toEqual(['set /a/b', 'set /a/b']);
        expect(recorder.changes[1]).toMatchObject({
          key: '/a/b',
          node: { key: '/a/b', value: '2' },
          prevNode: { key: '/a/b', value: '1' },
        });
      }
    });

    it('tells its keys cut in a state too, nested ones as well', async () => {
      const prefix = etcd.key();
      await writer.set(`${prefix}/in/dir/file`, 'v');
      const client = etcd.client();
      const recorder = new Recorder(
        client.namespace(prefix).namespace('in').watch('/', { recursive: true, initial: true }),
      );
      await recorder.reaches(1);
      const [state] = recorder.resyncs;
      expect(state).toMatchObject({ key: '/', node: { key: '/', dir: true } });
      expect(keysOf(state?.added ?? [])).toEqual(['/dir', '/dir/file']);
      expect(keysOf(state?.node?.children ?? [])).toEqual(['/dir']);
    });

    it.each([
      ['of the namespace itself', ''],
      ['of what lies above it', '/up'],
    ])('tells the removal %s as that of its root', async (_, below) => {
      const top = etcd.key();
      const prefix = `${top}${below}`;
      await writer.set(`${prefix}/key`, 'v');
      const root = await watch(prefix, '/', { recursive: true });
      const key = await watch(prefix, '/key');
      const removed = await writer.delete(top, { recursive: true });
      for (const recorder of [root, key]) {
        await recorder.reaches(removed.etcdIndex);
        expect(recorder.changes).toMatchObject([
          {
            action: 'delete',
            key: '/',
            gone: true,
            index: removed.etcdIndex,
            node: { key: '/' },
            prevNode: { key: '/', dir: true },
          },
        ]);
      }
      expect(key.changes[0]?.relation).toBe('ancestor');
      expect(root.changes[0]?.relation).toBe(below === '' ? 'self' : 'ancestor');
    });
  });

  it('takes keys and tells values that have to be encoded on the way', async () => {
    const top = etcd.key();
    const names = [
      'a b',
      '100%',
      '%41',
      'q?x=1&wait=false#f',
      'ü日本',
      '😀',
      '+',
      '"\\',
      '<&>',
      '...',
      '_hidden',
    ];
    const client = etcd.client();
    const recorders = await Promise.all(names.map((name) => etcd.watch(`${top}/${name}`, {}, client)));
    const below = await etcd.watch(`${top}/😀 dir?`, { recursive: true }, client);
    for (const [i, name] of names.entries()) {
      const value = `${name}\n\t\u0000\u2028<>&"\\ ${name}`;
      const { etcdIndex } = await writer.set(`${top}/${name}`, value);
      await recorders[i]?.reaches(etcdIndex);
      expect(recorders[i]?.changes).toMatchObject([
        { key: `${top}/${name}`, node: { value }, relation: 'self' },
      ]);
    }
    const { etcdIndex } = await writer.set(`${top}/😀 dir?/%2F`, 'v');
    await below.reaches(etcdIndex);
    expect(below.brief).toEqual([`set ${top}/😀 dir?/%2F`]);
  });

  it('takes the slashes of a key for what etcd takes them for', async () => {
    const key = etcd.key();
    const recorder = await etcd.watch(`${key.slice(1)}/a/`);
    await recorder.reaches((await writer.set(`${key}/a`, 'v')).etcdIndex);
    expect(recorder.watcher.key).toBe(`${key}/a`);
    expect(recorder.brief).toEqual([`set ${key}/a`]);
  });

  it('takes the longest key that can be written', async () => {
    const top = etcd.key();
    const longest = async () => {
      for (let length = 4_000; ; length--) {
        const key = `${top}/${'k'.repeat(length)}`;
        const result = await writer.set(key, '1').catch(() => undefined);
        if (result !== undefined) return { key, from: result.etcdIndex };
      }
    };
    const { key, from } = await longest();
    const live = await etcd.watch(key, { recursive: true });
    const recorder = await etcd.watch(key, { recursive: true, waitIndex: from });
    const { etcdIndex } = await writer.set(key, '2');
    expect((await live.reaches(etcdIndex)).indexes).toEqual([etcdIndex]);
    expect((await recorder.reaches(etcdIndex)).indexes).toEqual([from, etcdIndex]);
  });

  it('tells values of a megabyte, each as it was', async () => {
    const key = etcd.key();
    const recorder = await etcd.watch(key, { recursive: true });
    // Multi-byte, so that chunks cut characters.
    const values = Array.from({ length: 6 }, (_, i) => `${i}é😀`.repeat(130_000));
    let last = 0;
    for (const value of values) last = (await writer.set(`${key}/big`, value)).etcdIndex;
    await recorder.reaches(last);
    expect(recorder.resyncs).toEqual([]);
    expect(recorder.changes.map(({ node }) => node.value === values.shift())).toEqual(Array(6).fill(true));
    expect(recorder.changes[5]?.prevNode?.value).toHaveLength(recorder.changes[4]?.node.value?.length ?? 0);
  });
});
