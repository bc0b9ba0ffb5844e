import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { silence } from '../cluster/fake-member.js';
import { END, jsonResponse } from '../support/http-stub.js';
import { waitFor } from '../support/wait-for.js';
import { chunk, FakeStore, lastChunk } from './fake-store.js';
import type { Recorder } from './recorder.js';

describe('A watch of a server', () => {
  let store: FakeStore;
  beforeEach(async () => {
    store = await FakeStore.start();
  });
  afterEach(() => store[Symbol.asyncDispose]());

  /** Watches the file, and resolves when nothing can be missed any more. */
  async function watch(...options: Parameters<FakeStore['watch']>): Promise<Recorder> {
    const recorder = store.watch(...options);
    await recorder.watcher.ready;
    return recorder;
  }

  it('that answers a stream out of its history and then says nothing, asks on', async () => {
    const indexes = [store.write(), store.write(), store.write()];
    const recorder = await watch({ waitIndex: indexes[0] });
    await recorder.reaches(indexes[2] ?? 0);
    indexes.push(store.write());
    await recorder.reaches(indexes[3] ?? 0);
    expect(recorder.indexes).toEqual(indexes);
  });

  it('that says everything twice, and old things again, tells each once', async () => {
    store.onEvent = (line) => `${line}${line}`;
    const recorder = await watch();
    const [first, second] = [store.write('1'), store.write('2')];
    store.tell(
      `${JSON.stringify({ action: 'set', node: { key: '/a', value: '1', modifiedIndex: first } })}\n`,
    );
    const last = store.write('3');
    await recorder.reaches(last);
    expect(recorder.indexes).toEqual([first, second, last]);
  });

  it.each<[string, () => ReturnType<FakeStore['trap']>]>([
    ['stands still before it tells', async function* still() {
      yield store.head();
      await sleep(1_000);
      yield END;
    }],
    ['is silent instead of telling', () => silence],
    ['ends without telling', () => `${store.head()}${lastChunk}`],
    ['cuts off while it tells', async function* cut() {
      yield `${store.head()}${chunk('{"action":')}`;
      yield END;
    }],
    ['tells garbage instead of', () => `${store.head()}${chunk('garbage\n')}${lastChunk}`],
    ['fails instead of telling', () => jsonResponse(500, { errorCode: 300, message: 'Raft Internal Error', index: 0 })],
  ])('that %s a change of the past is asked for it again', async (_, spoil) => {
    const indexes = Array.from({ length: 300 }, () => store.write());
    let spoiled = 0;
    store.trap = ({ waitIndex, stream }) =>
      !stream && waitIndex === indexes[150] && spoiled++ === 0 ? spoil() : undefined;
    const recorder = await watch({ waitIndex: indexes[0] }, { tryTimeout: 500 });
    await recorder.reaches(indexes.at(-1) ?? 0);
    expect(recorder.indexes).toEqual(indexes);
    expect(recorder.resyncs).toEqual([]);
    expect(spoiled).toBeGreaterThan(1);
  }); // prettier-ignore

  it('that ends a poll when another one follows on its connection is asked over more of them', async () => {
    const indexes = Array.from({ length: 300 }, () => store.write());
    let ended = 0;
    store.trap = ({ request, stream }) => {
      const { requests } = store.member.stub;
      const followers = requests.slice(requests.lastIndexOf(request) + 1);
      if (stream || !followers.some(({ connection }) => connection === request.connection)) return undefined;
      ended++;
      return `${store.head()}${lastChunk}`;
    };
    const recorder = await watch({ waitIndex: indexes[0] });
    await recorder.reaches(indexes.at(-1) ?? 0);
    expect(recorder.indexes).toEqual(indexes);
    expect(recorder.resyncs).toEqual([]);
    expect(ended).toBeGreaterThan(0);
    expect(store.watches.length).toBeLessThan(600);
  });

  it('that cuts an event in the middle asks for it again', async () => {
    const recorder = await watch();
    const first = store.write('whole');
    await recorder.reaches(first);
    for (const keep of [1, 40]) {
      // The beginning of the next event, before its connection ends.
      store.onEvent = (line) => line.slice(0, keep);
      const index = store.write(`cut after ${keep}`);
      store.cut();
      store.onEvent = (line) => line;
      await recorder.reaches(index);
    }
    expect(recorder.changes.map(({ node }) => node.value)).toEqual(['whole', 'cut after 1', 'cut after 40']);
  });

  it.each([
    ['no JSON', () => '<html>no</html>\n'],
    ['half an event', (line: string) => `${line.slice(0, 30)}\n`],
    ['an event without an index', () => '{"action":"set","node":{"key":"/a"}}\n'],
  ])('that says %s asks again for what it was', async (_, garble) => {
    const recorder = await watch();
    const first = store.write('1');
    await recorder.reaches(first);
    store.onEvent = garble;
    const second = store.write('2');
    await waitFor(() => store.watches.length > 1, { what: 'another watch' });
    store.onEvent = (line) => line;
    await recorder.reaches(second);
    const last = store.write('3');
    await recorder.reaches(last);
    expect(recorder.indexes).toEqual([first, second, last]);
    expect(recorder.resyncs).toEqual([]);
  });

  it('whose watch ends as it should loses nothing', async () => {
    const recorder = await watch();
    const indexes: number[] = [];
    for (let i = 0; i < 3; i++) {
      // As some intermediaries end it, and as a member does that is stopped.
      if (i % 2 === 0) store.cut(lastChunk);
      else store.cut();
      indexes.push(store.write());
      await recorder.reaches(indexes[i] ?? 0);
    }
    expect(recorder.indexes).toEqual(indexes);
  });

  it('that refuses every index of the past gives states, and is not stormed either', async () => {
    const recorder = await watch();
    await recorder.reaches(store.write());
    store.trap = ({ waitIndex }) => (waitIndex === undefined ? undefined : store.cleared());
    for (let i = 0; i < 3; i++) {
      store.cut();
      // Without this one, there would be nothing that it could have missed.
      store.write();
      await waitFor(() => recorder.resyncs.length > i, { what: 'a state' });
      await waitFor(() => store.waiting > 0);
      await recorder.reaches(store.write());
    }
    expect(recorder.events.map(({ action }) => action)).toEqual([
      'set',
      'resync',
      'set',
      'resync',
      'set',
      'resync',
      'set',
    ]);
    expect(recorder.resyncs.every(({ reason }) => reason === 'cleared')).toBe(true);
    expect(store.watches.length).toBeLessThan(20);
  });

  it('whose index is behind the one that was told is left for another one', async () => {
    await using other = await FakeStore.start();
    store.index = other.index = 50;
    for (const member of [store, other]) member.committed = () => Math.max(store.index, other.index);
    const recorder = await watch(
      {},
      { hosts: [store.url, other.url], order: 'given', watch: { rearm: 200 } },
    );
    const first = store.write();
    await recorder.reaches(first);
    // The second member does not hear of it, and its watch could not tell what comes.
    await waitFor(() => other.watches.length > 2, { what: 'watches on the second member' });
    const second = store.write();
    await recorder.reaches(second);
    // Told by the first one all the time, which nobody had to ask again.
    expect(store.watches.filter((line) => line.includes('waitIndex'))).toEqual([]);
    // Now it has caught up, and the first one stands still.
    other.write();
    other.write();
    const third = other.write();
    await recorder.reaches(third);
    expect(recorder.indexes).toEqual([first, second, third]);
    expect(recorder.resyncs).toEqual([]);
  });
});
