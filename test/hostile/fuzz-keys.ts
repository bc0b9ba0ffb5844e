import * as fc from 'fast-check';
import { EtcdClient, EtcdInvalidKeyError } from 'nestjs-etcd/client';

import { type EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { hostileKey, escapePath, requestLineLength, segmentsOf } from './hostile-keys.js';

/** What became of the keys; every list is to be empty. */
export interface KeyFuzz {
  stored: number;
  refused: number;
  /** Keys that were refused without a reason, or stored although there was one. */
  misjudged: string[];
  /** Keys that the server reports under another name, or that failed in another way. */
  misplaced: string[];
  /** Keys that do not have their value, seen from the side, or that were asked by nobody. */
  differences: string[];
  /** Request lines that are not the PUT or GET of a key below the directory of the test. */
  strayRequests: string[];
  /** Keys whose value the client does not read back. */
  unreadable: string[];
}

/** What the lists are when all is well. */
export const noFaults: Omit<KeyFuzz, 'stored' | 'refused'> = {
  misjudged: [],
  misplaced: [],
  differences: [],
  strayRequests: [],
  unreadable: [],
};

const longestRequestLine = 4_000;
const workers = 32;
const root = '/fuzz';

/**
 * Stores hostile keys through the client and a proxy that records every request line, and compares what the server
 * then holds with what was asked. Keys of one depth share a directory, so that no file stands where a directory must.
 */
export async function fuzzKeys(member: EtcdMember, count: number, seed: number): Promise<KeyFuzz> {
  const fuzz: KeyFuzz = {
    stored: 0,
    refused: 0,
    misjudged: [],
    misplaced: [],
    differences: [],
    strayRequests: [],
    unreadable: [],
  };
  const keys = fc.sample(hostileKey, { numRuns: count, seed });
  const expected = new Map<string, string>();
  await using etcd = new EtcdClient({ hosts: member.url, ...patient });

  await inParallel(keys, async (key) => {
    const parts = segmentsOf(key);
    const path = `/${parts?.join('/') ?? ''}`;
    const full = fullPath(parts ?? []);
    const possible = parts !== undefined && requestLineLength(full) <= longestRequestLine;
    if (possible && !expected.has(full)) expected.set(full, String(expected.size));
    try {
      const { node } = await etcd
        .namespace([root.slice(1), String(parts?.length ?? 0)])
        .set(key, expected.get(full) ?? '?');
      fuzz.stored++;
      if (!possible) fuzz.misjudged.push(`stored ${JSON.stringify(key)}`);
      if (node.key !== path) fuzz.misplaced.push(`${JSON.stringify(key)} became ${JSON.stringify(node.key)}`);
    } catch (error) {
      fuzz.refused++;
      if (!(error instanceof EtcdInvalidKeyError))
        fuzz.misplaced.push(`${JSON.stringify(key)}: ${String(error)}`);
      else if (possible) fuzz.misjudged.push(`refused ${JSON.stringify(key)}: ${error.message}`);
    }
  });

  const lines = member.proxy?.requests.map(({ line }) => line) ?? [];
  fuzz.strayRequests = lines.filter(
    (line) => !/^(?:PUT \/v2\/keys\/fuzz\/\d+(?:\/\S*)?|GET \/v2\/members) HTTP\/1\.1$/.test(line),
  );
  const sent = lines.filter((line) => line.startsWith('PUT')).length;
  if (sent !== fuzz.stored)
    fuzz.strayRequests.push(`${sent} writes for ${fuzz.stored} keys that were stored`);

  fuzz.differences = await compare(member, expected);
  await inParallel(keys, async (key) => {
    const parts = segmentsOf(key);
    const full = fullPath(parts ?? []);
    const value = expected.get(full);
    // The query of a read makes its line longer than that of the write.
    if (parts === undefined || value === undefined || requestLineLength(full) > longestRequestLine - 20)
      return;
    const found = await etcd.namespace([root.slice(1), String(parts.length)]).find(key);
    if (found?.node.value !== value) fuzz.unreadable.push(JSON.stringify(key));
  });
  return fuzz;
}

/** Keys that differ between the server, asked past proxy and client, and what was written. */
async function compare(member: EtcdMember, expected: ReadonlyMap<string, string>): Promise<string[]> {
  const { body } = await member.request(`/v2/keys${root}?recursive=true`, { timeout: 30_000 });
  const actual = new Map<string, string>();
  const open = [(JSON.parse(body) as { node: RawNode }).node];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.value !== undefined) actual.set(node.key, node.value);
    open.push(...(node.nodes ?? []));
  }
  const differences: string[] = [];
  await inParallel([...expected], async ([path, value]) => {
    const listed = actual.get(path) ?? (path.includes('/_') ? await readHidden(member, path) : undefined);
    if (listed !== value)
      differences.push(`${JSON.stringify(path)} holds ${JSON.stringify(listed)}, not ${value}`);
    actual.delete(path);
  });
  return [...differences, ...[...actual.keys()].map((path) => `${JSON.stringify(path)} was never asked for`)];
}

interface RawNode {
  key: string;
  value?: string;
  nodes?: RawNode[];
}

/** Names with `_` in front are left out of listings. */
async function readHidden(member: EtcdMember, path: string): Promise<string | undefined> {
  const { body } = await member.request(`/v2/keys${escapePath(path)}`, { timeout: 30_000 });
  const { node } = JSON.parse(body) as { node?: RawNode };
  return node?.key === path ? node.value : undefined;
}

function fullPath(parts: readonly string[]): string {
  return [root, parts.length, ...parts].join('/');
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (const item of left) await work(item);
    }),
  );
}
