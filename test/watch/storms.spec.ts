import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { silence } from '../cluster/fake-member.js';
import { END, jsonResponse } from '../support/http-stub.js';
import { waitFor } from '../support/wait-for.js';
import { chunk, FakeStore, lastChunk } from './fake-store.js';
import { Recorder } from './recorder.js';

describe('A watch', () => {
  const refusals: [string, (store: FakeStore) => ReturnType<FakeStore['trap']>][] = [
    ['ends each watch at once', (store) => `${store.head()}${lastChunk}`],
    ['cuts each watch at once', async function* cut(store) {
      yield store.head();
      yield END;
    }],
    ['closes the connection without an answer', async function* close() {
      yield END;
    }],
    ['answers a watch with nothing', () => 'HTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: cafe\r\nContent-Length: 0\r\n\r\n'],
    ['answers a watch without an index', () => 'HTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: cafe\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['answers a watch with garbage', (store) => `${store.head()}${chunk('garbage\n')}`],
    ['never answers a watch', () => silence],
    ['fails each watch', () => jsonResponse(500, { errorCode: 300, message: 'Raft Internal Error', cause: 'x', index: 0 }, { 'X-Etcd-Index': 0 })],
    ['has no leader', () => jsonResponse(500, { errorCode: 301, message: 'During Leader Election', index: 0 }, { 'X-Etcd-Index': 0 })],
    ['is a proxy that has no member', () => 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'],
    ['has cleared its watchers', (store) => jsonResponse(400, { errorCode: 400, message: 'watcher is cleared due to etcd recovery', index: store.index }, { 'X-Etcd-Index': store.index })],
  ]; // prettier-ignore

  /** Watches through a time in which every watch is refused, and gives what came of it. */
  async function survive(refuse: (typeof refusals)[number][1]) {
    await using store = await FakeStore.start();
    await using etcd = new EtcdClient({ hosts: store.url, sync: false, watch: { rearm: 60_000 } });
    const recorder = new Recorder(etcd.watch('/a'));
    await recorder.watcher.ready;
    const indexes = [store.write()];
    await recorder.reaches(indexes[0] ?? 0);
    store.trap = () => refuse(store);
    const before = store.member.stub.requests.length;
    store.cut();
    // What it is refused with tells of an index that is beyond this change.
    indexes.push(store.write());
    await sleep(1_500);
    const requests = store.member.stub.requests.length - before;
    store.trap = () => undefined;
    await recorder.reaches(indexes[1] ?? 0);
    await waitFor(() => store.waiting > 0, { what: 'a watch that waits' });
    indexes.push(store.write());
    await recorder.reaches(indexes[2] ?? 0);
    return {
      // Its pauses grow from 50 ms up to a second, and each time it may have to ask who the member is.
      requests: requests >= 2 && requests <= 24 ? 'a few' : requests,
      isWhole: indexes.join() === recorder.indexes.join(),
      end: recorder.end,
    };
  }

  it('does not storm a member that refuses it in whatever way, and loses nothing by that', async () => {
    const results = await Promise.all(
      refusals.map(async ([name, refuse]) => [name, await survive(refuse)] as const),
    );
    const good = { requests: 'a few', isWhole: true, end: undefined };
    expect(Object.fromEntries(results)).toEqual(Object.fromEntries(refusals.map(([name]) => [name, good])));
  });
});
