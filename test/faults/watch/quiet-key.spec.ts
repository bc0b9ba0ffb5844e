import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdCluster } from '../../support/etcd-cluster.js';
import { patient } from '../../support/patient.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds } from '../report.js';
import { IndexLedger } from './index-ledger.js';
import { NaiveWatcher } from './naive-watcher.js';
import { Observer } from './observer.js';
import { waitUntilTold } from './told.js';

const elsewhere = 5_000;
const inFlight = 8;

/** A kind of key that nothing happens to, until the end. */
interface Quiet {
  readonly name: string;
  readonly key: string;
  readonly recursive: boolean;
  /** The key below or at it that is changed at the end. */
  readonly changed: string;
  readonly exists: boolean;
}

const quiet: Quiet[] = [
  { name: 'a key', key: '/w4/key', recursive: false, changed: '/w4/key', exists: true },
  {
    name: 'a key that does not exist',
    key: '/w4/none',
    recursive: false,
    changed: '/w4/none',
    exists: false,
  },
  { name: 'a directory', key: '/w4/directory', recursive: true, changed: '/w4/directory/key', exists: true },
];

/** What a small cluster takes: two re-arm intervals are more than the history holds. */
const writesPerSecond = 500;
/** Milliseconds from one write of a caller to its next one, at least. */
const interval = (1_000 * inFlight) / writesPerSecond;

describe('W4: quiet keys in a busy store', () => {
  let cluster: EtcdCluster;
  const clients: EtcdClient[] = [];

  beforeEach(async () => {
    cluster = await EtcdCluster.start(3);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((one) => one.close()));
    await cluster.stop();
  });

  /** Each watch has a client of its own: together they would learn from each other. */
  function observe({ name, key, recursive }: Quiet): Promise<Observer> {
    const client = new EtcdClient({ hosts: cluster.urls });
    clients.push(client);
    return Observer.start(name, client.watch(key, { recursive }));
  }

  it(`are watched without a resync while 5,000 changes are made elsewhere (${writesPerSecond} a second) and members die`, async () => {
    await using writing = new EtcdClient({ hosts: cluster.urls, sync: false, ...patient });
    for (const { changed, exists } of quiet) if (exists) await writing.set(changed, 'before');
    const observers = await Promise.all(quiet.map(observe));
    const start = observers[0]?.start ?? 0;
    await using naive = new NaiveWatcher('long poll', cluster.urls, '/w4', start);
    await waitFor(() => naive.isRegistered);

    const started = performance.now();
    let next = 0;
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        while (next < elsewhere) {
          const pause = sleep(interval);
          await writing.set(`/elsewhere/${next++ % 100}`, 'value');
          await pause;
        }
      }),
    );
    const took = performance.now() - started;
    // One after the other: the members of all watches are among them, whichever they are by now.
    for (const member of cluster.members) {
      await member.kill();
      await member.restart();
      await cluster.waitHealthy();
    }
    const ledger = new IndexLedger();
    for (const { changed } of quiet) await ledger.write(() => writing.set(changed, 'after'));
    const changes = [...ledger.changes.values()];
    await Promise.all(observers.map((observer, i) => waitUntilTold([observer], changes[i]?.index ?? 0)));
    await waitFor(() => naive.errors.length > 0);

    report(
      `W4: ${elsewhere} writes elsewhere, ${writesPerSecond} a second (${seconds(took)}), then members are killed: ` +
        observers
          .map(
            (observer) =>
              `${observer.name}: ${observer.resyncs.length} resyncs, ${observer.changes.length} event`,
          )
          .join('; ') +
        `; a naive long poll: error ${naive.errors.join()}`,
    );
    expect(observers.map(({ resyncs }) => resyncs)).toEqual([[], [], []]);
    expect(observers.map((observer) => observer.changes)).toEqual(changes.map((change) => [change]));
    expect(observers.flatMap(({ faults }) => faults)).toEqual([]);
    expect(naive.errors).toContain(401);
  });
});
