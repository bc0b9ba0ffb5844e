import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdCluster } from '../../support/etcd-cluster.js';
import { type EtcdMember } from '../../support/etcd-member.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds, tally } from '../report.js';
import { countDoubled, IndexLedger } from './index-ledger.js';
import { Link } from '../link.js';
import { burst, hotKey, MixedWriter } from './mixed-writer.js';
import { NaiveWatcher } from './naive-watcher.js';
import { Observer } from './observer.js';
import { type Change, waitUntilTold } from './told.js';

const kills = 20;
const stops = 10;
const freezes = 5;
const changes = 10_000;
/** More than etcd's history holds. */
const beyondHistory = 1_200;
const smallBuffer = 200;
const hotDirectory = dirname(hotKey);

/** Which changes those have to be told who watch a part. */
const concerns: Record<string, (change: Change) => boolean> = {
  'a directory': ({ key }) => key === hotDirectory || key.startsWith(`${hotDirectory}/`),
  // The removal of its directory is told where the key existed then, which the writers do not know.
  'a key': ({ key }) => key === hotKey,
};

describe('W1: watchers while members are killed, stopped and cut off', () => {
  let cluster: EtcdCluster;
  let writing: EtcdClient;
  const ledger = new IndexLedger();
  /** From the watchers to each member; writers have ways of their own. */
  let links: Link[];
  const clients: EtcdClient[] = [];
  /** What the clients have written into their logs. */
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);

  beforeAll(async () => {
    cluster = await EtcdCluster.start(3);
    links = await Promise.all(cluster.urls.map((url) => Link.start(url)));
    writing = client(cluster.urls);
  });
  afterAll(async () => {
    await Promise.all(clients.map((one) => one.close()));
    await Promise.all(links.map((link) => link[Symbol.asyncDispose]()));
    await cluster.stop();
  });

  function client(hosts: string[]): EtcdClient {
    const logger = { log: note, warn: note, error: note };
    const made = new EtcdClient({ hosts, sync: false, logger });
    clients.push(made);
    return made;
  }

  /** Those who watch everything: by one member each, and by all of them. */
  async function observe(): Promise<Observer[]> {
    const all = client(links.map(({ url }) => url));
    const recursive = true;
    return Promise.all([
      ...links.map(({ url }, i) => Observer.start(`only m${i}`, client([url]).watch('/w1', { recursive }))),
      Observer.start('all members', all.watch('/w1', { recursive })),
      Observer.start('slow consumer', all.watch('/w1', { recursive, buffer: smallBuffer })),
    ]);
  }

  /** Those who watch a part. Each has a client of its own, because together they would share one watch. */
  async function observeParts(): Promise<Observer[]> {
    const hosts = links.map(({ url }) => url);
    return Promise.all([
      Observer.start('a directory', client(hosts).watch(hotDirectory, { recursive: true })),
      Observer.start('a key', client(hosts).watch(hotKey)),
    ]);
  }

  /** Member by member: with each round the leader is hit as well. */
  const member = (turn: number): EtcdMember => cluster.members[turn % 3] as EtcdMember;

  async function kill(turn: number): Promise<boolean> {
    const victim = member(turn);
    const wasLeader = (await cluster.leader()) === victim;
    await victim.kill();
    await victim.restart();
    await cluster.waitHealthy();
    return wasLeader;
  }

  async function stop(turn: number): Promise<void> {
    const victim = member(turn + 1);
    victim.pause();
    await sleep(2_000 + 1_000 * (turn % 3));
    victim.resume();
    await cluster.waitHealthy();
  }

  /** More happens than the history holds, while one member's watchers are cut off and some consumers stand still. */
  async function freeze(turn: number, observers: readonly Observer[]): Promise<void> {
    const link = links[turn % 3];
    const frozen = observers.filter(
      ({ name }) => name === 'slow consumer' || name === `only m${(turn + 1) % 3}`,
    );
    for (const observer of frozen) observer.freeze();
    link?.cut();
    await burst(writing, ledger, '/w1/burst', beyondHistory);
    link?.mend();
    for (const observer of frozen) observer.thaw();
    const { etcdIndex } = await writing.get('/', { quorum: true });
    // Each freeze is to begin with watchers that have caught up.
    await waitUntilTold(observers, etcdIndex - smallBuffer);
  }

  /** Waits for what is still to happen, and makes the last changes of the part and of the whole. Gives their indexes. */
  async function quiesce(): Promise<[part: number, whole: number]> {
    await waitFor(
      async () => {
        const { node } = await writing.get('/w1', { quorum: true, recursive: true });
        return [...node.subtree()].every(({ ttl }) => ttl === undefined);
      },
      { timeout: 20_000, interval: 200, what: 'the expiry of what expires' },
    );
    const part = await ledger.write(() => writing.set(hotKey, 'end'));
    const whole = await ledger.write(() => writing.set('/w1/end', 'end'));
    return [part?.node.modifiedIndex ?? Infinity, whole?.node.modifiedIndex ?? Infinity];
  }

  /** What an observer was told that is not the truth. */
  async function lies(observer: Observer, key: string): Promise<object> {
    const { node } = await writing.get(key, { quorum: true, recursive: true });
    return {
      missing: ledger.missing(observer, Infinity, concerns[observer.name]).map(({ index }) => index),
      doubled: countDoubled(observer),
      faults: observer.faults,
      wrong: ledger.wrong(observer),
      state: observer.state.differences(node),
      failure: observer.failure,
    };
  }

  it('are told each of 10,000 changes once and in order, or a resync that is true', async () => {
    const started = performance.now();
    const [observers, parts] = await Promise.all([observe(), observeParts()]);
    await using naive = new NaiveWatcher('long poll', [links[0]?.url ?? ''], '/w1', observers[0]?.start ?? 0);
    const writers = new AbortController();
    const written = Promise.all(
      ['a', 'b', 'c'].map((name) => new MixedWriter(name, writing, ledger).writeUntil(writers.signal)),
    );
    let leaders = 0;
    try {
      for (let turn = 0; turn < kills; turn++) {
        if (await kill(turn)) leaders++;
        if (turn < stops) await stop(turn);
        if (turn % (kills / freezes) === 0) await freeze(turn / (kills / freezes), observers);
      }
      await waitFor(() => ledger.changes.size >= changes, { timeout: 60_000, interval: 200 });
    } finally {
      writers.abort();
      await written;
    }
    const [part, whole] = await quiesce();
    await Promise.all([waitUntilTold([...observers, naive], whole), waitUntilTold(parts, part)]);

    ledger.learn([...observers, ...parts, naive]);
    report(
      `W1: ${ledger.changes.size} changes by 3 writers in ${seconds(performance.now() - started)}, ${kills} kills ` +
        `(${leaders} of leaders), ${stops} stops of 2 to 4 s, ${freezes} freezes over ${beyondHistory} changes; ` +
        `failed writes: ${tally(ledger.codes)}`,
    );
    for (const told of [...observers, ...parts, naive]) {
      report(
        `W1: ${told.name}: ${told.changes.length} events, ${countDoubled(told)} doubled, ` +
          `${ledger.missing(told, Infinity, concerns[told.name]).length} missing; ` +
          `resyncs: ${tally(told.resyncs.map(({ reason }) => reason)) || 'none'}`,
      );
    }
    const none = { missing: [], doubled: 0, faults: [], wrong: [], state: [], failure: undefined };
    for (const observer of observers) {
      expect([observer.name, await lies(observer, '/w1')]).toEqual([observer.name, none]);
    }
    const [ofDirectory, ofKey] = parts as [Observer, Observer];
    expect(await lies(ofDirectory, hotDirectory)).toEqual(none);
    expect(await lies(ofKey, hotKey)).toEqual(none);
    expect(ledger.changes.size).toBeGreaterThanOrEqual(changes);
    // The faults were what they are meant to be: history was lost, or a buffer was too small.
    const reasons = new Set(observers.flatMap(({ resyncs }) => resyncs.map(({ reason }) => reason)));
    expect(reasons.size).toBeGreaterThan(0);
    expect([...reasons].filter((reason) => reason === 'initial' || reason === 'reset')).toEqual([]);
    // No index was taken from an error, which often says 0.
    expect(lines.filter((line) => line.includes('gone back'))).toEqual([]);
    // Control: who goes on at the present after error 401 has lost what lies before.
    expect(ledger.missing(naive, Infinity).length).toBeGreaterThan(0);
  }, 400_000);
});
