import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, type EtcdConfig } from 'nestjs-etcd/client';
import { z } from 'zod';
import { EtcdCluster } from '../../support/etcd-cluster.js';
import { waitFor } from '../../support/wait-for.js';
import { report } from '../report.js';

const kills = 6;
const names = ['a', 'b', 'c', 'd'];
const schema = z.object({
  counters: z.record(z.string(), z.number()),
  pair: z.tuple([z.number(), z.number()]).refine(([left, right]) => left === right),
});
type Value = z.infer<typeof schema>;

/** Looks at each state that a configuration has, and keeps what must never be. */
class Reader {
  readonly problems: string[] = [];
  states = 0;
  refusals = 0;
  #last: Value;

  constructor(private readonly config: EtcdConfig<Value>) {
    this.#last = config.value;
    config.on('refused', () => this.refusals++);
    config.on('change', ({ value, previous }) => {
      this.states++;
      if (value !== config.value) this.problems.push('told of another state than it shows');
      if (previous !== this.#last) this.problems.push('a state was not told');
      if (!schema.safeParse(value).success) this.problems.push('a state that is refused');
      for (const [name, count] of Object.entries(value.counters))
        if (count < (previous.counters[name] ?? 0)) this.problems.push(`${name} went back to ${count}`);
      this.#last = value;
    });
  }
}

describe('C1: configurations while members are killed and values are wrong', () => {
  let cluster: EtcdCluster;
  let directory: string;
  const clients: EtcdClient[] = [];
  const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

  const client = (hosts: readonly string[]): EtcdClient => {
    const made = new EtcdClient({ hosts, logger: silent });
    clients.push(made);
    return made;
  };

  beforeAll(async () => {
    cluster = await EtcdCluster.start(3);
    directory = mkdtempSync(join(tmpdir(), 'config-'));
  });

  afterAll(async () => {
    await Promise.all(clients.map((one) => one.close()));
    await cluster.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('show good states alone, none of them twice or out of order, and end with what etcd has', async () => {
    const writing = client(cluster.urls);
    // What seems to have failed may be applied yet, but not after the next write: that is compared with what it has read.
    const put = (key: string, text: string) =>
      writing.modify(key, () => text, { uniqueValue: true, timeout: 20_000 });
    for (const name of names) await put(`/c1/counters/${name}`, '0');
    await put('/c1/pair', '[0,0]');
    const snapshots = cluster.urls.map((_, i) => join(directory, `${i}.json`));
    const configs = cluster.urls.map((_, i) =>
      client(cluster.urls).config('/c1', { schema, snapshot: snapshots[i] as string, timeout: 20_000 }),
    );
    await Promise.all(configs.map(({ ready }) => ready));
    const readers = configs.map((config) => new Reader(config));

    const over = new AbortController();
    let written = 0;
    const write = async (): Promise<void> => {
      for (let i = 1; !over.signal.aborted; i++) {
        const attempt = (key: string, text: string) => put(key, text).then(() => written++, () => undefined); // prettier-ignore
        await Promise.all(names.map((name) => attempt(`/c1/counters/${name}`, String(i))));
        if (i % 20 === 0) await attempt('/c1/pair', `[${i},${i + 1}]`);
        if (i % 20 === 10) await attempt('/c1/pair', `[${i},${i}]`);
      }
    };
    const done = write();
    for (let i = 0; i < kills; i++) {
      const member = cluster.members[i % 3];
      const before = written;
      await member?.kill();
      await waitFor(() => written > before + 200, { timeout: 30_000, what: 'writes without a member' });
      await member?.restart();
      await cluster.waitHealthy();
    }
    over.abort();
    await done;
    await put('/c1/pair', '[1,1]');
    const { node } = await writing.get('/c1', { recursive: true, quorum: true });
    const expected = Object.fromEntries(
      [...node.leaves()].map(({ key, value }) => [key, JSON.parse(value ?? '') as unknown]),
    );
    for (const [i, config] of configs.entries()) {
      await waitFor(
        () => config.value.pair[0] === 1 && config.value.counters['d'] === expected['/c1/counters/d'],
      );
      for (const name of names) expect(config.value.counters[name]).toBe(expected[`/c1/counters/${name}`]);
      expect(readers[i]?.problems).toEqual([]);
      expect(readers[i]?.refusals).toBeGreaterThan(0);
    }
    const each = readers.map(({ states, refusals }) => `${states} states and ${refusals} refusals`);
    report(`C1: ${written} writes, ${kills} kills; told ${each.join(', ')}`);

    // And with the cluster gone, a process starts with what the last one has had.
    const last = configs.map(({ value }) => value);
    await Promise.all(configs.map((config) => config.close()));
    const urls = cluster.urls;
    await cluster.stop();
    for (const [i, snapshot] of snapshots.entries()) {
      const config = client(urls).config('/c1', { schema, snapshot, timeout: 500 });
      await config.ready;
      expect(config.isFromSnapshot).toBe(true);
      expect(config.value).toEqual(last[i]);
      await config.close();
    }
  });
});
