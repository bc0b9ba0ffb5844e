import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdError } from 'nestjs-etcd/client';

import { EtcdCluster } from '../../support/etcd-cluster.js';
import { EtcdMember } from '../../support/etcd-member.js';
import { waitFor } from '../../support/wait-for.js';
import { CuttingProxy } from '../cutting-proxy.js';
import { report, seconds, tally } from '../report.js';

const acquires = 500;
const callers = 12;
const rounds = 5;
const zombies = 4;
const ttl = 3;
/** etcd removes what has expired up to half a second late, and tells of it a moment later, in milliseconds. */
const allowance = 1_000;

/** The entries of all queues, from their beginning to their end. */
class Entries implements AsyncDisposable {
  readonly begun = new Map<string, number>();
  readonly values: string[] = [];
  /** How long each has lived, in milliseconds. */
  readonly lives: number[] = [];

  private constructor(private readonly client: EtcdClient) {}

  static async watch(url: string): Promise<Entries> {
    const entries = new Entries(new EtcdClient({ hosts: url, sync: false }));
    const watcher = entries.client.watch('/_locks', { recursive: true });
    watcher.on('event', (event) => {
      if (event.action === 'resync') throw new Error('An event was missed.');
      const begun = entries.begun.get(event.key);
      if (event.action === 'create') {
        entries.begun.set(event.key, performance.now());
        entries.values.push(event.node.value ?? '');
      } else if (event.removal && begun !== undefined) {
        entries.lives.push(performance.now() - begun);
        entries.begun.delete(event.key);
      }
    });
    await watcher.ready;
    return entries;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

describe('L5: acquires whose answers are lost', () => {
  it(`have one entry each, and leave none (${acquires} cut off after a random number of bytes)`, async () => {
    await using member = await EtcdMember.start();
    await using proxy = await CuttingProxy.start(member.url, (line) => {
      const isCut = line.startsWith('POST') || (line.startsWith('DELETE') && Math.random() < 0.3);
      return isCut ? Math.floor(Math.random() * 600) : undefined;
    });
    await using entries = await Entries.watch(member.url);
    // Patient, so that a busy machine looks like no fault of the network's.
    await using client = new EtcdClient({
      hosts: proxy.url,
      sync: false,
      timeout: 20_000,
      tryTimeout: 10_000,
    });
    const started = performance.now();
    const uuids: string[] = [];
    const failures: string[] = [];
    let begun = 0;
    let shared = 0;
    const holders = new Map<string, number>();
    const call = async (i: number): Promise<void> => {
      const name = `cut-${i % 3}`;
      while (begun < acquires) {
        begun++;
        try {
          const lock = await client.lock(name, { ttl: 10 }).acquire({ wait: 20_000 });
          uuids.push(lock.uuid);
          if (holders.has(name)) shared++;
          holders.set(name, i);
          await sleep(1);
          holders.delete(name);
          await lock.release();
        } catch (error) {
          if (!(error instanceof EtcdError)) throw error;
          failures.push(error.code);
        }
      }
    };
    await Promise.all(Array.from({ length: callers }, (_, i) => call(i)));
    await waitFor(() => entries.begun.size === 0, { what: 'empty queues' });
    const cuts = proxy.cuts;
    report(
      `L5: ${begun} acquires of ${callers} callers, ${cuts} answers cut off: ${entries.values.length} entries, ` +
        `${entries.begun.size} left, failures: ${tally(failures) || 'none'}; ${seconds(performance.now() - started)}`,
    );
    // Control: most cuts were within the answers.
    expect(cuts).toBeGreaterThan(acquires / 2);
    expect(failures).toEqual([]);
    expect(shared).toBe(0);
    expect(entries.values.toSorted()).toEqual(uuids.toSorted());
    expect(uuids).toHaveLength(begun);
  });

  it('do not outlive their TTL, when a leader that was frozen goes on with them', async () => {
    await using cluster = await EtcdCluster.start(3);
    const started = performance.now();
    const ends: string[] = [];
    let late = 0;
    let longest = 0;
    let slowest = 0;
    for (let round = 0; round < rounds; round++) {
      await cluster.waitHealthy();
      const leader = await cluster.waitForLeader();
      const followers = (await cluster.followers()).map(({ url }) => url);
      await using entries = await Entries.watch(followers[0] as string);
      const name = `zombie-${round}`;
      const clients = Array.from(
        { length: zombies },
        () => new EtcdClient({ hosts: followers, sync: false, timeout: 1_000 }),
      );
      await Promise.all(clients.map((client) => client.get('/', { quorum: true })));
      const attempts = clients.map(async (client, i) => {
        await waitFor(() => !leader.isRunning, { interval: 1 });
        const acquiring = client.lock(name, { ttl }).acquire({ wait: 1_000 });
        ends.push(
          await acquiring.then(
            () => 'ok',
            ({ code }: EtcdError) => code,
          ),
        );
        // What this one would sweep up stays, as when its process dies.
        if (i % 2 === 0) await client.close();
      });
      await sleep(100);
      leader.pause();
      await Promise.all(attempts);
      const before = entries.values.length;
      await sleep(round * 400);
      leader.resume();
      const resumed = performance.now();
      await using rival = new EtcdClient({ hosts: cluster.urls, sync: false, timeout: 10_000 });
      const lock = await waitFor(() => rival.lock(name, { ttl }).acquire({ wait: 20_000 }), {
        timeout: 20_000,
      });
      slowest = Math.max(slowest, performance.now() - resumed);
      await lock.release();
      await waitFor(() => entries.begun.size === 0, { timeout: ttl * 1_000 + 2 * allowance });
      longest = Math.max(longest, ...entries.lives);
      late += entries.values.length - before - 1;
      await Promise.all(clients.map((client) => client.close()));
    }
    report(
      `L5: ${ends.length} acquires while the leader was frozen (${tally(ends)}): ${late} entries came after that, ` +
        `the longest lived ${seconds(longest)} of ${ttl} s, the lock was had at most ${seconds(slowest)} after it went ` +
        `on; ${seconds(performance.now() - started)}`,
    );
    expect(ends).toHaveLength(rounds * zombies);
    expect(longest).toBeLessThanOrEqual(ttl * 1_000 + allowance);
    expect(slowest).toBeLessThanOrEqual(ttl * 1_000 + 5_000);
    // Control: some of those that had failed were applied all the same, and later.
    expect(late).toBeGreaterThan(0);
  });
});
