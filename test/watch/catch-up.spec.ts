import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdResponseTooLargeError } from 'nestjs-etcd/client';

import { silence } from '../cluster/fake-member.js';
import { type StubHandler } from '../support/http-stub.js';
import { waitFor } from '../support/wait-for.js';
import { chunk, FakeStore, lastChunk } from './fake-store.js';
import { Recorder } from './recorder.js';

describe('A watch that catches up', () => {
  let store: FakeStore;
  beforeEach(async () => {
    store = await FakeStore.start();
  });
  afterEach(() => store[Symbol.asyncDispose]());

  const write = (count: number, value?: string) => Array.from({ length: count }, () => store.write(value));

  /** Puts something before all that a member answers. */
  function before(then: (request: Parameters<StubHandler>[0]) => Promise<void>, of = store): void {
    const { stub } = of.member;
    const answer = stub.handler;
    stub.handler = async (request) => {
      await then(request);
      return answer(request);
    };
  }

  it('waits for a change that is long in coming, whoever tells it', async () => {
    const indexes = [...write(10), store.write('x'.repeat(1_000)), ...write(20)];
    store.trap = ({ waitIndex = Infinity, stream }) => {
      const line = store.past(waitIndex);
      if (line?.includes('xxx') !== true) return undefined;
      const text = chunk(line) + (stream ? '' : lastChunk);
      return (async function* slowly() {
        yield store.head() + text.slice(0, 100);
        await sleep(400);
        yield text.slice(100, 300);
        await sleep(400);
        yield text.slice(300);
      })();
    };
    const recorder = store.watch({ waitIndex: indexes[0] });
    await recorder.reaches(indexes.at(-1) ?? 0);
    indexes.push(store.write());
    await recorder.reaches(indexes.at(-1) ?? 0);
    expect(recorder.indexes).toEqual(indexes);
    expect(recorder.resyncs).toEqual([]);
  });

  it('takes nothing for told by a member that stands still between its headers and a change', async () => {
    const indexes = write(40);
    let goesOn: Promise<unknown> | undefined;
    let asked = 0;
    before(() => Promise.resolve(goesOn).then(() => undefined));
    store.trap = ({ waitIndex, stream }) => {
      if (stream || waitIndex !== indexes[20]) return undefined;
      // So that it is asked for alone.
      if (asked++ === 0) return store.head() + lastChunk;
      goesOn ??= sleep(1_200);
      return (async function* stop() {
        yield store.head();
        await goesOn;
        yield chunk(store.past(waitIndex ?? 0) ?? '') + lastChunk;
      })();
    };
    const recorder = store.watch({ waitIndex: indexes[0] }, { tryTimeout: 400 });
    await recorder.reaches(indexes.at(-1) ?? 0);
    expect(recorder.indexes).toEqual(indexes);
    expect(goesOn).toBeDefined();
  });

  it('takes nothing for told by a member that was heard of last before it stood still', async () => {
    await using other = await FakeStore.start();
    const both = [store, other];
    const writeBoth = () => Math.max(...both.map((one) => one.write()));
    const indexes = Array.from({ length: 6 }, writeBoth);
    let stopped: FakeStore | undefined;
    let polled: () => void = () => undefined;
    const isPolled = new Promise<void>((resolve) => (polled = resolve));
    for (const one of both) {
      before(() => (stopped === one && isStopped ? new Promise(() => undefined) : Promise.resolve()), one);
      one.trap = ({ waitIndex, stream }) => {
        if (stream && waitIndex === indexes[0] && stopped === undefined) {
          stopped = one;
          return (async function* head() {
            await isPolled;
            yield one.head();
            await silence;
          })();
        }
        if (stream || stopped !== one) return undefined;
        return (async function* head() {
          yield one.head();
          isStopped = true;
          polled();
          await silence;
        })();
      };
    }
    let isStopped = false;
    const client = store.client({
      hosts: both.map(({ url }) => url),
      tryTimeout: 1_000,
      watch: { rearm: 400 },
    });
    const first = new Recorder(client.watch('/a', { waitIndex: indexes[0] }));
    const second = new Recorder(client.watch('/a', { waitIndex: indexes[1], recursive: true }));
    await waitFor(() => isStopped, { what: 'a member that stands still' });
    await Promise.all([first, second].map((recorder) => recorder.reaches(indexes.at(-1) ?? 0)));
    expect([first.indexes, second.indexes]).toEqual([indexes, indexes.slice(1)]);
  });

  it('fetches what is missing also when its old stream ends while the new one is looked at', async () => {
    const recorder = store.watch();
    await recorder.watcher.ready;
    const indexes: number[] = [];
    for (let i = 0; i < 11; i++) {
      indexes.push(...write(10));
      await recorder.reaches(indexes.at(-1) ?? 0);
      await sleep(2);
    }
    // Now etcd drops the stream, and the next one has not heard of the newest term.
    for (let i = 0; i < 10; i++) indexes.push(store.skip());
    let isSecond = false;
    store.trap = ({ waitIndex, stream }) => {
      if (stream && waitIndex === undefined && !isSecond) {
        isSecond = true;
        return (async function* old() {
          yield store.head().replace('X-Raft-Term: 2', 'X-Raft-Term: 1');
          await silence;
        })();
      }
      if (stream || waitIndex === undefined || !isSecond) return undefined;
      return (async function* late() {
        await sleep(100);
        yield store.head() + chunk(store.past(waitIndex ?? 0) ?? '') + lastChunk;
      })();
    };
    let ended = 0;
    before(async ({ path }) => {
      if (!path.includes('quorum=true')) return;
      if (ended++ === 0) store.cut();
      await sleep(60);
    });
    await recorder.reaches(indexes.at(-1) ?? 0);
    expect(recorder.indexes).toEqual(indexes);
    expect(recorder.resyncs).toEqual([]);
    expect(ended).toBeGreaterThan(0);
  });

  it('ends by a change that is longer than `maxResponseBytes`, as it does by one that comes', async () => {
    const indexes = [...write(5), store.write('x'.repeat(5_000)), ...write(4)];
    const recorder = store.watch({ waitIndex: indexes[0] }, { maxResponseBytes: 2_000 });
    await waitFor(() => recorder.end !== undefined);
    expect(recorder.end).toMatchObject({ error: expect.any(EtcdResponseTooLargeError) });
    expect(recorder.indexes).toEqual(indexes.slice(0, 5));
  });

  it('asks a member that is far away no more often than it has changes', async () => {
    const indexes = write(60);
    before(() => sleep(260));
    const recorder = store.watch({ waitIndex: indexes[0] }, { tryTimeout: 5_000 });
    await recorder.reaches(indexes.at(-1) ?? 0, 20_000);
    expect(recorder.indexes).toEqual(indexes);
    expect(store.watches.length).toBeLessThan(2 * indexes.length);
    expect(store.member.stub.connections).toBeLessThan(20);
  });

  it('asks again where it is told of a change before the one that it has asked for', async () => {
    const indexes = write(100);
    let wrong = 0;
    store.trap = ({ waitIndex = 0, stream }) =>
      !stream && waitIndex === indexes[50] && wrong++ === 0
        ? store.head() + chunk(store.past(waitIndex - 10) ?? '') + lastChunk
        : undefined;
    const recorder = store.watch({ waitIndex: indexes[0] });
    await recorder.reaches(indexes.at(-1) ?? 0);
    expect(recorder.indexes).toEqual(indexes);
    expect(wrong).toBeGreaterThan(1);
  });

  it('takes no change from a server of another cluster', async () => {
    const indexes = write(100);
    let foreign = 0;
    store.trap = ({ waitIndex = 0, stream }) =>
      !stream && waitIndex === indexes[50] && foreign++ === 0
        ? store.head().replace('cafe', 'beef') +
          chunk(store.past(waitIndex)?.replace('"v"', '"foreign"') ?? '') +
          lastChunk
        : undefined;
    const recorder = store.watch({ waitIndex: indexes[0] });
    await recorder.reaches(indexes.at(-1) ?? 0);
    expect(recorder.indexes).toEqual(indexes);
    expect(new Set(recorder.changes.map(({ node }) => node.value))).toEqual(new Set(['v']));
    expect(foreign).toBeGreaterThan(1);
  });

  it('asks nothing more after what it had to be asked for alone', async () => {
    const indexes = write(20);
    let spoiled = 0;
    store.trap = ({ waitIndex, stream }) =>
      !stream && waitIndex === indexes[10] && spoiled++ === 0 ? store.head() + lastChunk : undefined;
    const recorder = store.watch({ waitIndex: indexes[0] });
    await recorder.reaches(indexes.at(-1) ?? 0);
    const before = store.watches.length;
    await sleep(600);
    expect(store.watches.slice(before)).toEqual([]);
    expect(recorder.indexes).toEqual(indexes);
  });

  it('takes what had happened before it was opened for no sign of a busy store', async () => {
    write(200);
    before(() => sleep(110));
    const recorder = store.watch();
    await recorder.watcher.ready;
    const { length } = store.watches;
    await sleep(600);
    expect(store.watches.slice(length)).toEqual([]);
  });

  it('does not mind what becomes of polls at indexes that it knows by now', async () => {
    const indexes = write(30);
    const last = indexes.at(-1) ?? 0;
    // Changes elsewhere, which all polls there find the same change behind.
    store.index += 40;
    indexes.push(...write(10));
    let refused = 0;
    store.trap = ({ waitIndex = 0, stream }) => {
      if (stream || waitIndex <= last + 1 || waitIndex >= (indexes[30] ?? 0)) return undefined;
      refused++;
      return store.cleared();
    };
    const recorder = store.watch({ waitIndex: indexes[0] });
    await recorder.reaches(indexes.at(-1) ?? 0);
    expect(recorder.indexes).toEqual(indexes);
    expect(recorder.resyncs).toEqual([]);
    expect(refused).toBeGreaterThan(0);
  });

  describe('with what a member has skipped that was caught up by a snapshot of raft', () => {
    it('tells it, where the member had not been heard of for a while', async () => {
      const recorder = store.watch();
      await recorder.watcher.ready;
      const indexes = write(1);
      await recorder.reaches(indexes[0] ?? 0);
      await sleep(500);
      indexes.push(store.skip(), store.skip(), store.skip(), store.write());
      await recorder.reaches(indexes.at(-1) ?? 0);
      expect(recorder.indexes).toEqual(indexes);
      expect(recorder.resyncs).toEqual([]);
    });

    it('gives the state when the jump is seen only after later changes', async () => {
      const client = store.client();
      const recorder = new Recorder(client.watch('/a'));
      await recorder.watcher.ready;
      const first = store.write();
      await recorder.reaches(first);
      // The member is heard of a moment before, so that nothing speaks for a jump.
      await client.watch('/a', { waitIndex: first + 1 }).ready;
      store.raftLead = 10_000;
      store.skip();
      const last = store.write();
      await recorder.reaches(last);
      await waitFor(() => recorder.resyncs.length > 0, { what: 'a resync' });
      expect(recorder.resyncs.map(({ reason, index }) => [reason, index])).toEqual([['skipped', last]]);
      // And nothing of it when the gap was that of changes elsewhere.
      store.index += 5;
      await recorder.reaches(store.write());
      await sleep(300);
      expect(recorder.resyncs).toHaveLength(1);
    });
  });

  it('closes what it has opened for that', async () => {
    const indexes = write(300);
    const recorder = store.watch({ waitIndex: indexes[0] });
    await recorder.reaches(indexes.at(-1) ?? 0);
    await waitFor(() => store.streaming === 1);
    // The stream, and those that are kept for the next request.
    await waitFor(() => store.member.stub.openConnections <= 4, { what: 'the end of its connections' });
    expect(recorder.indexes).toEqual(indexes);
  });
});
