import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  EtcdAbortedError,
  type EtcdClient,
  type EtcdEvent,
  type EtcdWatcher,
  type EtcdWatcherEvents,
} from 'nestjs-etcd/client';

import { Lines } from '../cluster/lines.js';
import { waitFor } from '../support/wait-for.js';
import { brief } from './recorder.js';
import { WatchedMember } from './watched-member.js';

const names = [
  'event', 'change', 'resync', 'set', 'create', 'update', 'compareAndSwap', 'delete', 'compareAndDelete', 'expire', 'error', 'close',
] as const satisfies (keyof EtcdWatcherEvents)[]; // prettier-ignore

describe('The listeners of a watcher', () => {
  let etcd: WatchedMember;
  let writer: EtcdClient;
  let key: string;
  let logger: Lines;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
    writer = etcd.writer;
  });
  afterEach(() => etcd.endTest());
  afterAll(() => etcd[Symbol.asyncDispose]());

  /** A watcher that is ready, though nobody listens yet. */
  async function open(options: Parameters<EtcdClient['watch']>[1] = {}): Promise<EtcdWatcher> {
    key = etcd.key();
    logger = new Lines();
    const watcher = etcd.client({ logger }).watch(key, { recursive: true, ...options });
    await watcher.ready;
    return watcher;
  }

  /** Notes each call of a listener, in a few words. */
  function listen(watcher: EtcdWatcher, called: string[], ...only: (keyof EtcdWatcherEvents)[]): void {
    for (const name of only) {
      watcher.on(name, (...args: unknown[]) => {
        const [event] = args as [EtcdEvent | undefined];
        called.push(event !== undefined && 'action' in event ? `${name}: ${brief(event)}` : name);
      });
    }
  }
  const has = (called: readonly string[], entry: string) =>
    waitFor(() => called.includes(entry), { what: `${entry} among ${called.join(', ')}` });

  it('hear the events of their name, and those of `event` and `change` before', async () => {
    const watcher = await open({ initial: true });
    const called: string[] = [];
    listen(watcher, called, ...names);
    await has(called, 'resync: resync initial');
    const a = `${key}/a`;
    await writer.create(a, '1');
    await writer.set(a, '2');
    await writer.update(a, '3');
    await writer.compareAndSwap(a, '4', { prevValue: '3' });
    await writer.delete(a);
    await writer.set(a, '5');
    await writer.compareAndDelete(a, { prevValue: '5' });
    await writer.set(a, '6', { ttl: 1 });
    await has(called, `expire: expire ${a}`);
    await watcher.close();
    const actions = [
      'create',
      'set',
      'update',
      'compareAndSwap',
      'delete',
      'set',
      'compareAndDelete',
      'set',
      'expire',
    ];
    expect(called).toEqual([
      'event: resync initial',
      'resync: resync initial',
      ...actions.flatMap((action) => ['event', 'change', action].map((name) => `${name}: ${action} ${a}`)),
      'close',
    ]);
  });

  it('all hear the first event when they are added in one go, and those added later what comes then', async () => {
    const watcher = await open();
    const { etcdIndex } = await writer.set(`${key}/a`, '1');
    const other = await etcd.watch(key, { recursive: true, waitIndex: etcdIndex });
    await other.reaches(etcdIndex);
    const [first, second, third]: string[][] = [[], [], []];
    listen(watcher, first as string[], 'event');
    listen(watcher, second as string[], 'set');
    await has(second as string[], `set: set ${key}/a`);
    listen(watcher, third as string[], 'event');
    await writer.delete(`${key}/a`);
    await has(third as string[], `event: delete ${key}/a`);
    expect(first).toEqual([`event: set ${key}/a`, `event: delete ${key}/a`]);
    expect([second, third]).toEqual([[`set: set ${key}/a`], [`event: delete ${key}/a`]]);
  });

  it('hear nothing any more when they are taken back', async () => {
    const watcher = await open();
    const gone = jest.fn();
    const called: string[] = [];
    watcher.on('set', gone);
    listen(watcher, called, 'event');
    await writer.set(`${key}/a`, '1');
    await has(called, `event: set ${key}/a`);
    expect(watcher.off('set', gone)).toBe(watcher);
    await writer.set(`${key}/b`, '2');
    await has(called, `event: set ${key}/b`);
    expect(gone).toHaveBeenCalledTimes(1);
  });

  it('that fail keep nobody from hearing this event and the next, and are told to `error`', async () => {
    const watcher = await open();
    const called: string[] = [];
    const errors: unknown[] = [];
    const failure = new Error('a bug');
    watcher.on('event', () => {
      throw failure;
    });
    watcher.on('error', (error) => errors.push(error));
    listen(watcher, called, 'event', 'set');
    await writer.set(`${key}/a`, '1');
    await writer.set(`${key}/b`, '1');
    await has(called, `set: set ${key}/b`);
    expect(called).toHaveLength(4);
    expect(errors).toEqual([failure, failure]);
    expect(logger.all).toEqual([]);
  });

  it('that fail are logged where nobody listens to `error`', async () => {
    const watcher = await open();
    watcher.on('set', () => {
      throw new Error('a bug');
    });
    await writer.set(`${key}/a`, '1');
    await waitFor(() => logger.all.length > 0, { what: 'a line' });
    expect(logger.all).toEqual([`error The watch of ${key} has a listener for \`set\` that failed: a bug`]);
  });

  it.each(['error', 'close'] as const)(
    'of `%s` that fail themselves end neither the process nor `close`',
    async (name) => {
      const unhandled = jest.fn();
      process.on('unhandledRejection', unhandled);
      try {
        const watcher = await open();
        const called: string[] = [];
        watcher.on(name, () => {
          throw new Error('a second bug');
        });
        watcher.on('set', () => {
          throw new Error('a bug');
        });
        listen(watcher, called, 'event');
        await writer.set(`${key}/a`, '1');
        await writer.set(`${key}/b`, '1');
        await has(called, `event: set ${key}/b`);
        await watcher.close();
        await new Promise((resolve) => setImmediate(resolve));
        expect(unhandled).not.toHaveBeenCalled();
      } finally {
        process.off('unhandledRejection', unhandled);
      }
    },
  );

  it('may close the watcher, and hear nothing more but that', async () => {
    const watcher = await open();
    const called: string[] = [];
    let closing: Promise<void> | undefined;
    watcher.on('event', () => {
      closing = watcher.close();
    });
    listen(watcher, called, 'event', 'set', 'close');
    await writer.set(`${key}/a`, '1');
    await writer.set(`${key}/b`, '2');
    await has(called, 'close');
    await closing;
    await waitFor(async () => (await etcd.registered()) === 0, { what: 'the end of the watch' });
    expect(called).toEqual(['close']);
  });

  it('are called before `close` resolves, and never afterwards', async () => {
    const watcher = await open();
    const called: string[] = [];
    listen(watcher, called, ...names);
    for (let i = 0; i < 20; i++) await writer.set(`${key}/${i}`, 'v');
    await watcher.close();
    const count = called.length;
    expect(called.at(-1)).toBe('close');
    const other = await etcd.watch(key, { recursive: true });
    await other.reaches((await writer.set(`${key}/last`, 'v')).etcdIndex);
    expect(called).toHaveLength(count);
  });

  it('are told what has ended it, and then that it is closed', async () => {
    const controller = new AbortController();
    const watcher = await open({ signal: controller.signal });
    const called: string[] = [];
    const errors: unknown[] = [];
    listen(watcher, called, ...names);
    watcher.on('error', (error) => errors.push(error));
    controller.abort('enough');
    await has(called, 'close');
    expect(called).toEqual(['error', 'close']);
    expect(errors).toEqual([expect.any(EtcdAbortedError)]);
    expect(errors[0]).toMatchObject({ cause: 'enough' });
  });

  it('that are none of `error` leave what has ended it to the log', async () => {
    const controller = new AbortController();
    const watcher = await open({ signal: controller.signal });
    const called: string[] = [];
    listen(watcher, called, 'event', 'close');
    controller.abort();
    await has(called, 'close');
    expect(logger.all).toEqual([expect.stringMatching(`^error The watch of ${key} has ended: `)]);
  });

  it('of `close` hear it once, when the client is closed as well', async () => {
    const client = etcd.client();
    const watcher = client.watch(etcd.key());
    const called: string[] = [];
    listen(watcher, called, ...names);
    await watcher.ready;
    await client.close();
    expect(called).toEqual(['close']);
    await watcher.close();
    expect(called).toEqual(['close']);
  });
});
