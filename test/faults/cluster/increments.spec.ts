import { randomUUID } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdError } from 'nestjs-etcd/client';

import { EtcdMember } from '../../support/etcd-member.js';
import { patient } from '../../support/patient.js';
import { CuttingProxy } from '../cutting-proxy.js';
import { report, seconds, tally } from '../report.js';

const increments = 3_000;

describe('C4: a counter behind a network that cuts off a fifth of the answers', () => {
  it('counts each acknowledged increment once, and leaves none unknown', async () => {
    await using member = await EtcdMember.start();
    await using proxy = await CuttingProxy.start(member.url, (line) =>
      line.includes('/v2/keys/') && Math.random() < 0.2 ? Math.floor(Math.random() * 400) : undefined,
    );
    await using client = new EtcdClient({
      hosts: proxy.url,
      sync: false,
      timeout: 30_000,
      tryTimeout: 10_000,
    });
    await using direct = new EtcdClient({ hosts: member.url, ...patient });
    const { etcdIndex } = await direct.set('/counter', `0:${randomUUID()}`);

    const acknowledged: string[] = [];
    const unknown: string[] = [];
    const failures: string[] = [];
    const start = performance.now();
    const increment = async () => {
      while (acknowledged.length + unknown.length < increments) {
        let mine = '';
        try {
          const result = await client.modify(
            '/counter',
            (value) => (mine = `${Number.parseInt(value ?? '', 10) + 1}:${randomUUID()}`),
            { uniqueValue: true },
          );
          acknowledged.push(String(result?.node.value));
        } catch (error) {
          if (!(error instanceof EtcdError)) throw error;
          failures.push(error.code);
          if (error.mayHaveBeenApplied) unknown.push(mine);
        }
      }
    };
    let count = 0;
    let took = 0;
    const work = async () => {
      await Promise.all(Array.from({ length: 8 }, increment));
      took = performance.now() - start;
      count = Number.parseInt(String((await direct.get('/counter')).node.value), 10);
      await direct.set('/counter', 'end');
    };
    const [history] = await Promise.all([valuesFrom(member, etcdIndex + 1), work()]);
    const applied = new Set(history);
    report(
      `C4: ${acknowledged.length} acknowledged increments by 8 callers, ${proxy.cuts} answers cut: counter ${count}, ` +
        `${unknown.length} left unknown, other failures: ${tally(failures) || 'none'}; ${seconds(took)}`,
    );
    expect(proxy.cuts).toBeGreaterThan(500);
    expect(unknown).toEqual([]);
    expect(count).toBe(acknowledged.length);
    // etcd's history: as many changes as the counter says, and each acknowledged value among them once.
    expect(history).toHaveLength(count);
    expect(applied.size).toBe(count);
    expect(new Set(acknowledged).size).toBe(count);
    expect(acknowledged.filter((value) => !applied.has(value))).toEqual([]);
  });
});

/** Every value that the counter gets, by plain long polls past all proxies, until somebody writes `end`. */
async function valuesFrom(member: EtcdMember, index: number): Promise<string[]> {
  const values: string[] = [];
  for (let waitIndex = index; ;) {
    const path = `/v2/keys/counter?wait=true&waitIndex=${waitIndex}`;
    const { node } = JSON.parse((await member.request(path, { timeout: 60_000 })).body) as {
      node: { value: string; modifiedIndex: number };
    };
    if (node.value === 'end') return values;
    values.push(node.value);
    waitIndex = node.modifiedIndex + 1;
  }
}
