import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, type EtcdLeadership, type EtcdLockHandle } from 'nestjs-etcd/client';

import { EtcdMember } from '../../support/etcd-member.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds } from '../report.js';

const holders = 20;
const ttl = 4;
/** How much earlier than anybody else they must know: less than the margin of a tenth, for timers of a busy machine. */
const ahead = 200;

/** How late answers come before the link fails, in milliseconds: more than the margin. */
const slowness = 500;

/** A lock or a leadership behind the link that fails. */
interface Held {
  readonly name: string;
  readonly key: string;
  readonly handle: EtcdLockHandle | EtcdLeadership;
  /** When its signal was aborted. */
  told: number;
}

describe('a holder that is cut off', () => {
  let member: EtcdMember;
  let good: EtcdClient;
  let isolated: EtcdClient[];

  beforeAll(async () => {
    member = await EtcdMember.start({ proxy: true });
    good = new EtcdClient({ hosts: member.directUrl, sync: false });
    isolated = Array.from({ length: holders }, () => new EtcdClient({ hosts: member.url, sync: false }));
  });
  afterAll(async () => {
    member.proxy?.delay(0);
    member.proxy?.blackHole(false);
    await Promise.all([good, ...isolated].map((client) => client.close()));
    await member.stop();
  });

  function follow(handle: EtcdLockHandle | EtcdLeadership): Held {
    const held: Held = { name: handle.name, key: handle.key, handle, told: 0 };
    handle.signal.addEventListener('abort', () => (held.told = performance.now()));
    return held;
  }

  it('L3, E3: is told before its key is gone, and before anybody else has the lock or leads', async () => {
    const locks: Held[] = [];
    const leaders: Held[] = [];
    for (const [i, client] of isolated.entries()) {
      // They are renewed at times of their own.
      await sleep(40);
      locks.push(follow(await client.lock(`lock-${i}`, { ttl }).acquire()));
      leaders.push(follow(await client.election(`election-${i}`, { ttl }).campaign('isolated')));
    }
    const gone = new Map<string, number>();
    const watchers = ['/_locks', '/_elections'].map((key) => good.watch(key, { recursive: true }));
    for (const watcher of watchers)
      watcher.on('event', (event) => {
        if (event.action === 'expire') gone.set(event.key, performance.now());
      });
    await Promise.all(watchers.map(({ ready }) => ready));
    const succeeded = new Map<string, number>();
    const rivals = [...locks, ...leaders].map(async ({ name }) => {
      const isLock = name.startsWith('lock');
      await (isLock ? good.lock(name, { ttl }).acquire() : good.election(name, { ttl }).campaign('rival'));
      succeeded.set(name, performance.now());
    });
    await waitFor(async () => {
      const queues = await Promise.all(
        locks.map(async ({ name }) => (await good.lock(name).waiters()).length),
      );
      return queues.every((length) => length === 1);
    });
    // A holder that counts from when it was answered would be late.
    member.proxy?.delay(slowness);
    await sleep((ttl * 1_000) / 3 + slowness);

    const cutOff = performance.now();
    member.proxy?.blackHole(true);
    await Promise.all(rivals);
    await waitFor(() => [...locks, ...leaders].every(({ key }) => gone.has(key)));

    for (const [what, all] of [
      ['L3', locks],
      ['E3', leaders],
    ] as const) {
      const told = all.map((held) => held.told - cutOff);
      const beforeGone = all.map((held) => (gone.get(held.key) ?? NaN) - held.told);
      const beforeRival = all.map((held) => (succeeded.get(held.name) ?? NaN) - held.told);
      report(
        `${what}: ${all.length} holders cut off, TTL ${ttl} s: told after ${seconds(Math.min(...told))} to ` +
          `${seconds(Math.max(...told))}, at least ${seconds(Math.min(...beforeGone))} before the key was gone and ` +
          `${seconds(Math.min(...beforeRival))} before the successor had it`,
      );
      expect(all.filter(({ handle }) => !handle.signal.aborted)).toEqual([]);
      expect(all.map(({ handle }) => (handle.signal.reason as { loss: string }).loss)).toEqual(
        all.map(() => 'expired'),
      );
      expect(Math.max(...told)).toBeLessThan(ttl * 1_000);
      expect(Math.min(...beforeGone)).toBeGreaterThan(ahead);
      expect(Math.min(...beforeRival)).toBeGreaterThan(ahead);
      // Control: they held on for as long as renewals can fail.
      expect(Math.min(...told)).toBeGreaterThan((ttl * 1_000) / 3);
    }
  });
});
