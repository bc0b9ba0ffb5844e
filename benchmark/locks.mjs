import { subscribe } from 'node:diagnostics_channel';

import { startEtcd } from './support/etcd.mjs';
import { ensureBuilt } from './support/library.mjs';
import { readOptions, wholeNumber } from './support/options.mjs';
import { printLines } from './support/table.mjs';

// What locks cost: the requests and the time of an uncontended lock, and the requests of a hand-over while more and more
// others wait, each with a client and connections of its own.
//
//   npm run benchmark:locks -- [--quick] [--waiters N,N]

const { quick, waiters } = readOptions({ waiters: { type: 'string', default: '10,100,1000' } });
/** Long enough that nothing has to be renewed. */
const ttl = 600;
const handOvers = quick ? 5 : 9;
const locks = quick ? 200 : 1_000;

ensureBuilt();
const { EtcdClient } = await import('../dist/esm/client/index.js');

/** Requests since they were last counted, by what they do. */
const counts = new Map();
subscribe('undici:client:sendHeaders', ({ request: { method, path } }) => {
  // Watches are re-armed from time to time, whatever happens to locks.
  const isWatch = path.includes('wait=true');
  const kind = isWatch ? 'watch' : path.startsWith('/v2/keys') ? method : 'other';
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
});
const kinds = ['POST', 'GET', 'DELETE'];

const { url, stop } = await startEtcd();
try {
  await measureAlone();
  const lines = [];
  for (const count of waiters.split(',')) lines.push(await measureHandOvers(wholeNumber('waiters', count)));
  printLines('requests of a hand-over', [...kinds, 'p50 ms'], lines);
} finally {
  await stop();
}

async function measureAlone() {
  const client = new EtcdClient({ hosts: url, sync: false });
  const lock = client.lock('alone', { ttl });
  const read = async () => {
    await client.get('/', { quorum: true });
  };
  const hold = async () => (await lock.acquire()).release();
  for (let i = 0; i < locks; i++) await Promise.resolve(i % 2 ? read() : hold());
  counts.clear();
  const alone = await time(hold);
  const perLock = kinds.map((kind) => `${((counts.get(kind) ?? 0) / locks).toFixed(2)} ${kind}`).join(', ');
  const one = await time(read);
  console.log(
    `uncontended acquire and release: ${perLock}; ${alone.toFixed(2)} ms, ${(alone / one).toFixed(1)} times a quorum read`,
  );
  await client.close();
}

/** Milliseconds a round. */
async function time(work) {
  const start = performance.now();
  for (let i = 0; i < locks; i++) await work();
  return (performance.now() - start) / locks;
}

async function measureHandOvers(count) {
  const clients = Array.from(
    { length: count + 1 },
    () => new EtcdClient({ hosts: url, sync: false, timeout: 60_000 }),
  );
  const name = `lock-${count}`;
  let holder = await clients[0].lock(name, { ttl }).acquire();
  const waiting = [];
  // One after another, so that who comes first is known.
  for (const client of clients.slice(1)) {
    waiting.push(client.lock(name, { ttl }).acquire());
    if (waiting.length % 50 === 0) await settled(clients[0].lock(name), waiting.length);
  }
  await settled(clients[0].lock(name), count);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  counts.clear();
  const delays = [];
  for (let i = 0; i < Math.min(handOvers, count); i++) {
    const start = performance.now();
    await holder.release();
    holder = await Promise.race(waiting.map((one, place) => one.then((lock) => ({ lock, place })))).then(
      ({ lock, place }) => {
        waiting.splice(place, 1);
        return lock;
      },
    );
    delays.push(performance.now() - start);
  }
  const perHandOver = kinds.map((kind) => ((counts.get(kind) ?? 0) / delays.length).toFixed(1));
  const median = delays.toSorted((a, b) => a - b)[Math.floor(delays.length / 2)] ?? NaN;
  for (const one of waiting) one.catch(() => undefined);
  await Promise.all(clients.map((client) => client.close()));
  return [`${count} waiters`, ...perHandOver, median.toFixed(1)];
}

/** Resolves when so many wait. */
async function settled(lock, count) {
  while ((await lock.waiters()).length < count) await new Promise((resolve) => setTimeout(resolve, 50));
}
