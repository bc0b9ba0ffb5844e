import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdMember } from '../../support/etcd-member.js';
import { patient } from '../../support/patient.js';
import { report, seconds } from '../report.js';
import { overlaps, steps, type Tenure } from './tenure.js';

const waiters = 8;
const rounds = 500;

describe('L7: the order of a queue', () => {
  let member: EtcdMember;

  beforeAll(async () => {
    member = await EtcdMember.start();
  });
  afterAll(() => member.stop());

  for (const [name, count] of [
    ['in clients of their own', waiters],
    ['in one client', 1],
  ] as const) {
    it(`is that of their coming: ${waiters} waiters ${name} have the lock ${rounds} times, and nobody starves`, async () => {
      const clients = Array.from(
        { length: count },
        () => new EtcdClient({ hosts: member.url, sync: false, ...patient }),
      );
      const started = performance.now();
      const tenures: Tenure[] = [];
      let begun = 0;
      const come = async (client: EtcdClient, who: string): Promise<void> => {
        while (begun < rounds) {
          begun++;
          const lock = await client.lock(name, { ttl: 60 }).acquire();
          const from = performance.now();
          // Others get their turn to break in.
          await new Promise((resolve) => setImmediate(resolve));
          tenures.push({ who, token: lock.fencingToken, from, to: performance.now() });
          await lock.release();
        }
      };
      await Promise.all(
        Array.from({ length: waiters }, (_, i) => come(clients[i % count] as EtcdClient, `waiter ${i}`)),
      );
      const [first] = clients as [EtcdClient];
      const left = await first.lock(name).holder();
      await Promise.all(clients.map((client) => client.close()));

      const turns = new Map<string, number[]>();
      for (const [turn, { who }] of tenures.entries()) turns.set(who, [...(turns.get(who) ?? []), turn]);
      const counts = Array.from(turns.values(), ({ length }) => length);
      const gaps = Array.from(turns.values(), (own) =>
        Math.max(...own.map((turn, i) => turn - (own[i - 1] ?? 0))),
      );
      report(
        `L7: ${tenures.length} turns of ${waiters} waiters ${name} in ${seconds(performance.now() - started)}: ` +
          `${steps(tenures).length} out of order, ${Math.min(...counts)} to ${Math.max(...counts)} turns each, at most ` +
          `${Math.max(...gaps)} turns from one to the next`,
      );
      expect(tenures.length).toBeGreaterThanOrEqual(rounds);
      expect(left).toBeUndefined();
      expect(steps(tenures)).toEqual([]);
      expect(overlaps(tenures)).toEqual([]);
      expect(turns.size).toBe(waiters);
      // Who has just given it back comes again behind all others, however slow its request is.
      expect(Math.max(...gaps)).toBeLessThanOrEqual(3 * waiters);
    });
  }
});
