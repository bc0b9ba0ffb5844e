import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { EtcdClient, type EtcdEvent } from 'nestjs-etcd/client';

import { waitFor } from '../support/wait-for.js';
import { chance, TrickyMember } from './tricky-member.js';

const changes = 2_500;

/** Writes in bursts, to few keys and to others that nobody watches, while the member does its worst. Gives what was written. */
async function misbehave(member: TrickyMember, random: () => number): Promise<number[]> {
  const written: number[] = [];
  while (written.length < changes) {
    const isQuiet = random() < 0.1;
    if (random() < 0.25) member.stall();
    for (let left = Math.floor(random() * 90); left > 0; left--) {
      if (random() < 0.2) member.write('/elsewhere');
      else written.push(member.write(`/d/${Math.floor(random() * 50)}`));
    }
    if (random() < 0.03) member.cut();
    await sleep(random() * (isQuiet ? 250 : 12));
    if (random() < 0.5) member.resume();
  }
  member.resume();
  return written;
}

/** What is wrong with what was told of what was written, from an index on. */
function faults(told: readonly EtcdEvent[], written: readonly number[], from: number): string[] {
  const found: string[] = [];
  let last = from;
  for (const event of told) {
    // A state stands for all changes up to its index.
    const between = written.filter((index) => index > last && index < event.index);
    if (event.action !== 'resync' && between.length > 0)
      found.push(`${between.length} changes from ${between[0]} on are missing before ${event.index}`);
    if (event.index <= last) found.push(`${event.index} comes after ${last}`);
    last = event.index;
  }
  const missing = written.filter((index) => index > last);
  if (missing.length > 0)
    found.push(`${missing.length} changes from ${missing[0]} on are missing at the end`);
  return found;
}

/** What a watcher did with such a member. */
export interface TrickyRun {
  /** What was wrong; nothing, if all went well. */
  readonly faults: readonly string[];
  readonly told: number;
  readonly resyncs: number;
}

/** Watches a member that does its worst, with chances of this seed. */
export async function watchTrickyMember(seed: number): Promise<TrickyRun> {
  const random = chance(seed);
  await using member = await TrickyMember.start(random);
  // Half of them hear of what is missing by being re-armed; the others have to notice it before.
  const watch = { rearm: seed % 2 === 0 ? 2_000 : 150 };
  await using client = new EtcdClient({ hosts: member.url, sync: false, watch });
  const told: EtcdEvent[] = [];
  const watcher = client.watch('/d', { recursive: true }).on('event', (event) => told.push(event));
  await watcher.ready;
  const from = watcher.index;
  const written = await misbehave(member, random);
  const end = written.at(-1) ?? 0;
  await waitFor(() => watcher.index >= end, { timeout: 15_000 }).catch(() => undefined);

  const found = faults(told, written, from);
  const { node } = await client.get('/d', { recursive: true, quorum: true });
  const stored = Object.fromEntries([...node.leaves()].map(({ key, value }) => [key, value]));
  if (!isDeepStrictEqual(copyOf(told), stored)) found.push('a copy is not what is stored');
  return {
    faults: found,
    told: told.length,
    resyncs: told.filter(({ action }) => action === 'resync').length,
  };
}

/** The keys as somebody has them who follows the events. */
function copyOf(told: readonly EtcdEvent[]): Record<string, string | undefined> {
  const nodes = told.flatMap((event) =>
    event.action === 'resync' ? [...event.added, ...event.changed] : [event.node],
  );
  return Object.fromEntries(nodes.filter(({ dir }) => !dir).map(({ key, value }) => [key, value]));
}
