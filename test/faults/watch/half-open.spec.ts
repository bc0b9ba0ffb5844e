import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdMember } from '../../support/etcd-member.js';
import { patient } from '../../support/patient.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds, tally } from '../report.js';
import { IndexLedger } from './index-ledger.js';
import { Link } from '../link.js';
import { NaiveWatcher } from './naive-watcher.js';
import { Observer } from './observer.js';
import { waitUntilTold } from './told.js';

const rearm = 2_000;
const allowance = 2_000;

describe('W3: a network that has forgotten the connection of a watch, and carries new ones', () => {
  let member: EtcdMember;
  let link: Link;
  let writing: EtcdClient;
  let watching: EtcdClient;
  let observer: Observer;

  beforeEach(async () => {
    member = await EtcdMember.start();
    link = await Link.start(member.url);
    writing = new EtcdClient({ hosts: member.url, ...patient });
    watching = new EtcdClient({ hosts: link.url, sync: false, watch: { rearm } });
    await writing.set('/half-open/key', 'before');
    observer = await Observer.start('watcher', watching.watch('/half-open', { recursive: true }));
  });
  afterEach(async () => {
    await watching.close();
    await writing.close();
    await link[Symbol.asyncDispose]();
    await member.stop();
  });

  /** Changes something else every few milliseconds. */
  async function writeElsewhere(signal: AbortSignal): Promise<void> {
    for (let i = 0; !signal.aborted; i++) {
      await writing.set(`/elsewhere/${i % 50}`, String(i));
      await sleep(4);
    }
  }

  interface Weather {
    readonly name: string;
    /** Whether there are others all the time. */
    readonly busy?: boolean;
    /** How much later than its head the rest of an answer comes. */
    readonly lateness?: number;
    /** How often the connection is forgotten. */
    readonly rounds?: number;
  }
  const weathers: Weather[] = [
    { name: 'in a quiet store' },
    // The head of a watch's answer comes at once, and the event out of the history only then.
    { name: 'in a quiet store, while events come 400 ms later than they should', lateness: 400 },
    { name: 'in a store with some 200 other changes a second', busy: true, rounds: 3 },
  ];
  /** Forgets the watch, makes a change, and gives how long it took until the watcher had been told of it. */
  async function forget(ledger: IndexLedger, { busy = false }: Weather): Promise<number> {
    // Right after the second re-arming, so that there is nothing to be proven for as long as possible.
    const { streams } = link;
    if (busy) await waitFor(() => link.streams >= streams + 2);
    link.strand();
    await ledger.write(() => writing.set('/half-open/key', 'unheard'));
    const { etcdIndex } = await writing.get('/', { quorum: true });
    const written = performance.now();
    const isFound = () => ledger.missing(observer, etcdIndex).length === 0;
    return waitFor(isFound, { timeout: rearm + 2 * allowance }).then(
      () => performance.now() - written,
      () => Infinity,
    );
  }

  for (const weather of weathers) {
    it(`is found out within the re-arm interval: ${weather.name}`, async () => {
      const ledger = new IndexLedger();
      await using naive = new NaiveWatcher('long poll', [link.url], '/half-open', observer.start);
      await waitFor(() => naive.isRegistered);
      const others = new AbortController();
      const otherWrites = weather.busy === true ? writeElsewhere(others.signal) : undefined;
      link.delayBodies(weather.lateness ?? 0);
      const delays: number[] = [];
      for (let round = 0; round < (weather.rounds ?? 1); round++) delays.push(await forget(ledger, weather));
      const heard = await ledger.write(() => writing.set('/half-open/key', 'heard'));
      const deafness = await waitUntilTold([observer], heard?.node.modifiedIndex ?? Infinity).catch(String);
      others.abort();
      await otherWrites;

      const missing = ledger.missing(observer, Infinity);
      report(
        `W3: connection forgotten, ${weather.name}: found after ${delays.map(seconds).join(', ')}, ` +
          `${missing.length} missing, resyncs: ${tally(observer.resyncs.map(({ reason }) => reason)) || 'none'}; ` +
          `a naive long poll is told ${naive.changes.length} of ${ledger.changes.size}`,
      );
      expect(deafness).toBeUndefined();
      expect(missing).toEqual([]);
      expect(observer.faults).toEqual([]);
      expect(Math.max(...delays)).toBeLessThanOrEqual(rearm + allowance);
      expect(observer.resyncs).toEqual([]);
      expect(naive.changes).toEqual([]);
    });
  }
});
