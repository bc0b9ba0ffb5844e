import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdError } from 'nestjs-etcd/client';

import { EtcdMember } from '../../support/etcd-member.js';
import { rawRequest } from '../../support/raw-request.js';
import { CuttingProxy } from '../cutting-proxy.js';
import { report, tally } from '../report.js';

const unique = { uniqueValue: true };

/** A kind of write, each to a place of its own. */
interface Operation {
  name: string;
  prepare?: (direct: EtcdClient, key: string) => Promise<unknown>;
  write: (client: EtcdClient, key: string, value: string) => Promise<unknown>;
  /** Whether the store shows it, by a look past the proxy. */
  isApplied: (direct: EtcdClient, key: string, value: string) => Promise<boolean>;
  /** Whether the client settles a lost answer by itself. */
  settles?: true;
}

const hasValue: Operation['isApplied'] = async (direct, key, value) =>
  (await direct.find(key))?.node.value === value;
const isGone: Operation['isApplied'] = async (direct, key) => (await direct.find(key)) === undefined;
const hasChild: Operation['isApplied'] = async (direct, key, value) =>
  (await direct.find(key))?.node.children.some((child) => child.value === value) ?? false;
const old: Operation['prepare'] = (direct, key) => direct.set(key, 'old');

const operations: Operation[] = [
  { name: 'set', write: (client, key, value) => client.set(key, value), isApplied: hasValue },
  { name: 'create', write: (client, key, value) => client.create(key, value), isApplied: hasValue },
  { name: 'append', write: (client, key, value) => client.append(key, value), isApplied: hasChild },
  {
    name: 'compareAndSwap',
    prepare: old,
    write: (client, key, value) => client.compareAndSwap(key, value, { prevValue: 'old' }),
    isApplied: hasValue,
  },
  { name: 'delete', prepare: old, write: (client, key) => client.delete(key), isApplied: isGone },
  {
    name: 'create with uniqueValue',
    write: (client, key, value) => client.create(key, value, unique),
    isApplied: hasValue,
    settles: true,
  },
  {
    name: 'append with uniqueValue',
    write: (client, key, value) => client.append(key, value, unique),
    isApplied: hasChild,
    settles: true,
  },
  {
    name: 'compareAndSwap with uniqueValue',
    prepare: old,
    write: (client, key, value) => client.compareAndSwap(key, value, { prevValue: 'old', ...unique }),
    isApplied: hasValue,
    settles: true,
  },
];

describe('C3: an answer that is cut off after each number of bytes', () => {
  let member: EtcdMember;
  let proxy: CuttingProxy;
  let client: EtcdClient;
  let direct: EtcdClient;
  /** Where the next answer to a write of a key is cut off; once. */
  const cutAt = new Map<string, number>();

  beforeAll(async () => {
    member = await EtcdMember.start();
    proxy = await CuttingProxy.start(member.url, (line) => {
      const key = /^(?:PUT|POST|DELETE) \/v2\/keys(\/cut\/[^ ?]+)/.exec(line)?.[1] ?? '';
      const cut = cutAt.get(key);
      cutAt.delete(key);
      return cut;
    });
    // Patient, so that a disk that is slow to write looks like no fault of the network's.
    const patient = { timeout: 30_000, tryTimeout: 10_000 };
    client = new EtcdClient({ hosts: proxy.url, sync: false, ...patient });
    direct = new EtcdClient({ hosts: member.url, ...patient });
  });
  afterAll(async () => {
    await client.close();
    await direct.close();
    await proxy[Symbol.asyncDispose]();
    await member.stop();
  });

  /** How long the answer to an operation is: the bytes that pass when nothing is cut. */
  async function lengthOf({ prepare, write }: Operation): Promise<number> {
    await prepare?.(direct, '/cut/length/00000');
    proxy.longest = 0;
    await write(client, '/cut/length/00000', 'value-00000');
    await direct.delete('/cut/length', { recursive: true });
    return proxy.longest;
  }

  /** How many appends made more than one node. */
  async function countDoubled({ name }: Operation, place: string): Promise<number> {
    if (!name.startsWith('append')) return 0;
    const { node } = await direct.get(place, { recursive: true });
    return node.children.filter(({ children }) => children.length !== 1).length;
  }

  for (const [number, operation] of operations.entries()) {
    it(`ends ${operation.name} with what is true of the store`, async () => {
      // Indexes that grow can make answers a little longer.
      const length = (await lengthOf(operation)) + 8;
      const place = `/cut/${number}`;
      const outcomes: string[] = [];
      const lies: string[] = [];
      const before = proxy.requests.length;
      let next = 0;
      const cutOne = async (cut: number) => {
        const key = `${place}/${String(cut).padStart(5, '0')}`;
        const value = `value-${String(cut).padStart(5, '0')}`;
        await operation.prepare?.(direct, key);
        cutAt.set(key, cut);
        const outcome = await operation.write(client, key, value).then(
          () => 'ok' as const,
          (error: unknown) => error,
        );
        const applied = await operation.isApplied(direct, key, value);
        if (outcome === 'ok') {
          outcomes.push('ok');
          if (!applied) lies.push(`cut after ${cut}: acknowledged, but not there`);
          return;
        }
        if (!(outcome instanceof EtcdError)) throw outcome;
        outcomes.push(outcome.code);
        if (!outcome.mayHaveBeenApplied && applied) lies.push(`cut after ${cut}: ${outcome.message}`);
      };
      await Promise.all(
        Array.from({ length: 16 }, async () => {
          while (next <= length) await cutOne(next++);
        }),
      );

      const writes = proxy.requests
        .slice(before)
        .filter((line) => !line.startsWith('GET ') && line.includes(place));
      const repeated = writes.length - new Set(writes).size;
      const doubled = await countDoubled(operation, place);
      report(
        `C3: ${operation.name}: ${outcomes.length} answers cut after 0 to ${length} bytes: ${tally(outcomes)}; ` +
          `${lies.length} misreported, ${repeated} sent again, ${doubled} doubled`,
      );
      expect(lies).toEqual([]);
      expect(outcomes).toHaveLength(length + 1);
      expect(doubled).toBe(0);
      // Only an answer that came whole is an acknowledgement, unless the value settles it.
      expect(new Set(outcomes)).toEqual(new Set(operation.settles ? ['ok'] : ['ok', 'ETCD_INDETERMINATE']));
      // Nothing is sent again that cannot be told from its first time.
      expect(operation.settles === true && !operation.name.startsWith('append') ? 0 : repeated).toBe(0);
    });
  }

  it('control: a client that sends again whatever failed makes two nodes of one', async () => {
    let doubled = 0;
    for (let cut = 0; cut < 100; cut += 10) {
      const key = `/cut/naive/${cut}`;
      cutAt.set(key, cut);
      const post = () =>
        rawRequest(`${proxy.url}/v2/keys${key}`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: 'value=1',
        });
      await post().catch(post);
      if ((await direct.get(key)).node.children.length > 1) doubled++;
    }
    report(`C3: control, blind repetition: ${doubled} of 10 POSTs doubled`);
    expect(doubled).toBe(10);
  });
});
