import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { rawRequest } from '../support/raw-request.js';
import { type HostileCase, hostileCase } from './hostile-requests.js';

/** How long a server may take to end a connection after the client has ended its side, in ms. */
const patience = 10_000;
/** How long a client waits that says nothing more, in ms. */
const tired = 20;

/** What a client has received until the end of its connection. */
export interface Outcome {
  /** A byte string. */
  readonly received: string;
  /** Whether the server has not ended the connection, where it should have. */
  readonly hung: boolean;
}

/** Does what a bad client does. */
export async function play(url: string, { writes, end }: HostileCase): Promise<Outcome> {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let hung = false;
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('end', () => socket.destroy());
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  for (const bytes of writes) {
    if (socket.destroyed) break;
    socket.write(bytes, 'latin1');
    if (writes.length > 1) await turn();
  }
  if (end === 'finish') socket.end();
  const limit = end === 'finish' ? patience : tired;
  const timer = setTimeout(() => {
    hung = end === 'finish';
    socket.destroy();
  }, limit);
  if (end === 'vanish') socket.destroy();
  await closed;
  clearTimeout(timer);
  return { received: Buffer.concat(chunks).toString('latin1'), hung };
}

/** What is wrong with a server after many bad clients: nothing, if all lists are empty. */
export interface HostileReport {
  /** Cases whose connection the server has not ended. */
  readonly hung: readonly string[];
  /** Cases that were answered with something other than HTTP. */
  readonly garbled: readonly string[];
  /** Good requests in between that were not answered well. */
  readonly refused: readonly string[];
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<string, number>;
  /** How much more memory is in use than before, in MiB, garbage left out. */
  readonly growth: number;
}

/** Lets bad clients come, 32 at a time, and a good one now and then. The server must be in this process. */
export async function runHostileCases(url: string, count: number, seed: number): Promise<HostileReport> {
  const run = new HostileRun(url, seed);
  // What is loaded and kept once is no leak.
  await run.to(Math.min(count, 1_000));
  const before = memory();
  await run.to(count);
  const { hung, garbled, refused, statuses } = run;
  return { hung, garbled, refused, statuses, growth: memory() - before };
}

class HostileRun {
  readonly hung: string[] = [];
  readonly garbled: string[] = [];
  readonly refused: string[] = [];
  readonly statuses = new Map<string, number>();
  #next = 0;

  constructor(
    readonly url: string,
    readonly seed: number,
  ) {}

  async to(end: number): Promise<void> {
    const client = async (): Promise<void> => {
      while (this.#next < end) await this.#play(this.#next++);
    };
    await Promise.all(Array.from({ length: 32 }, client));
  }

  async #play(number: number): Promise<void> {
    const bad = hostileCase(this.seed, number);
    const { received, hung } = await play(this.url, bad);
    if (hung) this.hung.push(`${number}: ${shown(bad)}`);
    if (!/^(HTTP\/1\.[01] \d{3} |$)/.test(received)) this.garbled.push(`${number}: ${shown(bad)}`);
    for (const [, status = ''] of received.matchAll(/HTTP\/1\.[01] (\d{3}) /g))
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    if (number % 50 !== 0) return;
    const good = await rawRequest(`${this.url}/version`).then(({ status }) => status, String);
    if (good !== 200) this.refused.push(`${number}: ${good}`);
  }
}

function shown({ writes, end }: HostileCase): string {
  return `${JSON.stringify(writes.join('|').slice(0, 300))} ${end}`;
}

/** In MiB, without garbage. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1_048_576;
}

/** What varies between two servers that have seen different requests. */
const masks: readonly (readonly [pattern: RegExp, shown: string])[] = [
  [/Date: [^\r]*/g, 'Date: DATE'],
  [/X-Etcd-Cluster-Id: [0-9a-f]*/g, 'X-Etcd-Cluster-Id: ID'],
  [/(X-Etcd-Index|X-Raft-Index): [1-9]\d*/g, '$1: NUMBER'],
  [/"(index|modifiedIndex|createdIndex)":[1-9]\d*/g, '"$1":NUMBER'],
  [/Content-Length: \d{2,}/g, 'Content-Length: NUMBER'],
];

/** What was received, for comparison with what another server has said. */
export function masked(received: string): string {
  return masks.reduce((text, [pattern, mask]) => text.replace(pattern, mask), received);
}
