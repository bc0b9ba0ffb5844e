import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, type EtcdLeadership, type EtcdLockHandle } from 'nestjs-etcd/client';

import { EtcdMember } from '../../support/etcd-member.js';
import { patient } from '../../support/patient.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds } from '../report.js';

const holders = 20;
const ttl = 4;
/** How much earlier than anybody else they must know: less than the margin of a tenth, for timers of a busy machine. */
const ahead = 200;

/** A round is repeated where this process did not get to run for so long, in milliseconds: it could not tell what came first. */
const longestLag = 100;
const rounds = 5;

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

const isHeld = ({ handle }: Held): boolean => ('isHeld' in handle ? handle.isHeld : handle.isLeader);

describe('a holder that is cut off', () => {
  let member: EtcdMember;
  let good: EtcdClient;
  let isolated: EtcdClient[] = [];

  beforeAll(async () => {
    member = await EtcdMember.start({ proxy: true });
    good = new EtcdClient({ hosts: member.directUrl, sync: false, ...patient });
  });
  afterAll(async () => {
    await mend();
    await good.close();
    await member.stop();
  });

  async function mend(): Promise<void> {
    member.proxy?.delay(0);
    member.proxy?.blackHole(false);
    await Promise.all(isolated.map((client) => client.close()));
  }

  function follow(handle: EtcdLockHandle | EtcdLeadership): Held {
    const held: Held = { name: handle.name, key: handle.key, handle, told: 0 };
    handle.signal.addEventListener('abort', () => (held.told = performance.now()));
    return held;
  }

  /** Cuts off holders until others have what they had, and tells how long this process did not get to run meanwhile. */
  async function cutOff(round: number) {
    isolated = Array.from(
      { length: holders },
      () => new EtcdClient({ hosts: member.url, sync: false, tryTimeout: 5_000 }),
    );
    const locks: Held[] = [];
    const leaders: Held[] = [];
    for (const [i, client] of isolated.entries()) {
      // They are renewed at times of their own.
      await sleep(40);
      locks.push(follow(await client.lock(`lock-${round}-${i}`, { ttl }).acquire()));
      leaders.push(follow(await client.election(`election-${round}-${i}`, { ttl }).campaign('isolated')));
    }
    const all = [...locks, ...leaders];
    const gone = new Map<string, number>();
    /** Who believed to hold what was gone. */
    const wrong: string[] = [];
    const watchers = ['/_locks', '/_elections'].map((key) => good.watch(key, { recursive: true }));
    for (const watcher of watchers)
      watcher.on('event', (event) => {
        const held = all.find(({ key }) => key === event.key);
        if (event.action !== 'expire' || held === undefined) return;
        gone.set(event.key, performance.now());
        // Whoever was not told by now knows it by the clock.
        if (isHeld(held)) wrong.push(event.key);
      });
    await Promise.all(watchers.map(({ ready }) => ready));
    const succeeded = new Map<string, number>();
    const rivals = all.map(async ({ name }) => {
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

    const lag = monitorEventLoopDelay({ resolution: 10 });
    lag.enable();
    const from = performance.now();
    member.proxy?.blackHole(true);
    await Promise.all(rivals);
    await waitFor(() => all.every(({ key }) => gone.has(key)));
    lag.disable();
    await Promise.all(watchers.map((watcher) => watcher.close()));
    await mend();
    return { locks, leaders, from, gone, succeeded, wrong, lag: lag.max / 1e6 };
  }

  it('L3, E3: is told before its key is gone, and before anybody else has the lock or leads', async () => {
    for (let round = 1, isCalm = false; !isCalm; round++) {
      const { locks, leaders, from, gone, succeeded, wrong, lag } = await cutOff(round);
      isCalm = lag <= longestLag || round === rounds;
      expect(wrong).toEqual([]);

      for (const [what, all] of [
        ['L3', locks],
        ['E3', leaders],
      ] as const) {
        const told = all.map((held) => held.told - from);
        const beforeGone = all.map((held) => (gone.get(held.key) ?? NaN) - held.told);
        const beforeRival = all.map((held) => (succeeded.get(held.name) ?? NaN) - held.told);
        report(
          `${what}: ${all.length} holders cut off, TTL ${ttl} s: told after ${seconds(Math.min(...told))} to ` +
            `${seconds(Math.max(...told))}, at least ${seconds(Math.min(...beforeGone))} before the key was gone and ` +
            `${seconds(Math.min(...beforeRival))} before the successor had it; this process stood still for ` +
            `${lag.toFixed(0)} ms at most`,
        );
        expect(all.filter(({ handle }) => !handle.signal.aborted)).toEqual([]);
        expect(all.map(({ handle }) => (handle.signal.reason as { loss: string }).loss)).toEqual(
          all.map(() => 'expired'),
        );
        // Control: they held on for as long as renewals can fail; etcd may have stood still before.
        expect(Math.min(...told)).toBeGreaterThan(500);
        if (!isCalm) continue;
        expect(Math.max(...told)).toBeLessThan(ttl * 1_000);
        expect(Math.min(...beforeGone)).toBeGreaterThan(ahead);
        expect(Math.min(...beforeRival)).toBeGreaterThan(ahead);
      }
    }
  });
});
