import { subscribe } from 'node:diagnostics_channel';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

import { startContender } from './support/contender.mjs';
import { startEtcd } from './support/etcd.mjs';
import { ensureBuilt } from './support/library.mjs';
import { readOptions } from './support/options.mjs';
import { median, runRounds } from './support/rounds.mjs';
import { printTable } from './support/table.mjs';
import { key, value } from './support/workload.mjs';

// What the diagnostics channels cost: a GET of 100 bytes with nobody listening, with listeners for the ends of operations
// and of requests, as metrics need them, and with one for every channel.
//
//   node benchmark/observability.mjs [--quick] [--seconds N] [--rounds N] [--build DIRECTORY] [--with DIRECTORY]
//
// --build adds another build of this package (its `dist`), such as that of before the channels; --with measures another
// one in place of `dist/`.

const channels = {
  none: [],
  ends: ['operation:end', 'operation:error', 'request:end', 'request:error'],
  all: [
    'operation:start',
    'operation:end',
    'operation:error',
    'request:start',
    'request:end',
    'request:error',
  ],
};

/**
 * The contender's side.
 *
 * @param {{ url: string, connections: number, build: string, listen: keyof typeof channels }} target
 */
export async function connect({ url, connections, build, listen }) {
  const { EtcdClient } = await import(new URL('esm/client/index.js', build).href);
  let told = 0;
  for (const name of channels[listen])
    subscribe(`nestjs-etcd:${name}`, ({ operation }) => (told += operation.length));
  const etcd = new EtcdClient({ hosts: url, connections });
  return {
    get: async () => (await etcd.get(key)).node.value,
    put: async () => (await etcd.set(key, value)).node.value,
    told: () => told,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();

async function main() {
  const {
    seconds,
    rounds,
    build,
    with: other,
  } = readOptions({
    build: { type: 'string' },
    with: { type: 'string' },
  });
  if (other === undefined) ensureBuilt();
  const own = urlOf(other ?? fileURLToPath(new URL('../dist', import.meta.url)));
  const etcd = await startEtcd();
  const contenders = [];
  try {
    const start = async (name, of, listen) => {
      const target = { url: etcd.url, connections: 32, build: of, listen };
      contenders.push(await startContender(name, '../observability.mjs', target));
    };
    if (build !== undefined) await start('the other build', urlOf(build), 'none');
    await start('nobody listens', own, 'none');
    await start('ends are listened to', own, 'ends');
    await start('all is listened to', own, 'all');
    await contenders[0].run({ operation: 'put', inFlight: 1, seconds: 0.01 });
    const baseline = contenders[0].name;
    for (const inFlight of [1, 16]) {
      const scenario = { operation: 'get', inFlight, seconds };
      printTable(`GET, ${inFlight} in flight`, await runRounds(contenders, baseline, scenario, rounds));
    }
    await measureGuards(own);
  } finally {
    for (const contender of contenders) contender.close();
    await etcd.stop();
  }
}

function urlOf(directory) {
  return pathToFileURL(`${resolve(directory)}/`).href;
}

/** What of it a call pays for when nobody listens, alone: the questions whether somebody does, and one closure. */
async function measureGuards(build) {
  const load = (file) => import(new URL(`esm/client/diagnostics/${file}`, build).href);
  const { traceOperation } = await load('trace-operation.js');
  const { areRequestsHeard } = await load('tell-request.js');
  const client = { id: 'benchmark', name: undefined };
  const answer = Promise.resolve(1);
  const call = { operation: 'get' };
  const send = (request) => (request === undefined ? answer : answer);
  let heard = 0;
  const plain = (request) => send(request);
  const guarded = (request) =>
    traceOperation(
      client,
      'get',
      key,
      () => {
        if (areRequestsHeard()) heard++;
        return send(request);
      },
      call,
    );
  const results = { plain: [], guarded: [] };
  for (let round = 0; round < 15; round++) {
    results.plain.push(nanoseconds(plain));
    results.guarded.push(nanoseconds(guarded));
  }
  const [without, within] = [median(results.plain), median(results.guarded)];
  console.log(`\nThe guards of one call: ${(within - without).toFixed(1)} ns (heard: ${heard})`);
}

function nanoseconds(run) {
  const times = 2_000_000;
  const request = {};
  const start = process.hrtime.bigint();
  for (let i = 0; i < times; i++) run(request);
  return Number(process.hrtime.bigint() - start) / times;
}
