/**
 * Random operations, each of which may be aborted, timed out or closed at a random moment. Writes how they ended, and
 * what they have left behind.
 *
 * Arguments: the client's file, an address, the number of operations.
 */
import { getEventListeners } from 'node:events';

const [file, hosts, count] = process.argv.slice(2);
const { EtcdClient } = await import(file);
// The client loads it with its first request, which opens the stderr of this process.
await import('undici');

const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(String(reason)));
process.on('uncaughtException', (error) => unhandled.push(String(error)));
process.on('warning', (warning) => unhandled.push(String(warning)));
// The pipe of the output is opened with the first line.
process.stdout.write('started true\n');
const before = process.getActiveResourcesInfo();

const random = (limit) => Math.floor(Math.random() * limit);
const pick = (list) => list[random(list.length)];
const operations = [
  (etcd, key, options) => etcd.get(key, options),
  (etcd, key, options) => etcd.get(key, { ...options, quorum: true }),
  (etcd, key, options) => etcd.find('/nowhere', options),
  (etcd, key, options) => etcd.set(key, 'value', options),
  (etcd, key, options) => etcd.set(key, 'value', { ...options, idempotent: true }),
  (etcd, key, options) =>
    etcd.create(`${key}-${random(1e9)}`, 'value', { ...options, uniqueValue: true, ttl: 5 }),
  (etcd, key, options) =>
    etcd.compareAndSwap(key, `${random(1e9)}`, { ...options, prevIndex: 1, uniqueValue: true }),
  (etcd, key, options) => etcd.append('/queue', `${random(1e9)}`, { ...options, ttl: 5 }),
  (etcd, key, options) => etcd.delete(key, options),
  (etcd, key, options) => etcd.modify(key, () => `${random(1e9)}`, { ...options, uniqueValue: true }),
  (etcd, key, options) => etcd.members.list(options),
  (etcd, key, options) => etcd.stats.store(options),
  (etcd, key, options) => etcd.version(options),
  (etcd, key, options) => etcd.health(options),
];

const codes = {};
let settled = 0;
const shared = [];

/** One client, closed at a random moment, with some callers that go on until each has made its calls. */
async function useOne(calls) {
  const etcd = new EtcdClient({
    hosts,
    connections: 1 + random(8),
    tryTimeout: 50 + random(500),
    timeout: 2_000,
  });
  const together = new AbortController();
  shared.push(together.signal);
  const timer = setTimeout(() => together.abort(), random(1_500));
  const closing = new Promise((resolve) => setTimeout(resolve, random(3_000))).then(() => etcd.close());
  const caller = async () => {
    for (let i = 0; i < calls / 10; i++) {
      const options = {};
      const fate = Math.random();
      if (fate < 0.3) options.timeout = 1 + random(60);
      else if (fate < 0.6) {
        const own = new AbortController();
        options.signal = own.signal;
        setTimeout(() => own.abort(), random(30));
      } else if (fate < 0.8) options.signal = together.signal;
      const code = await pick(operations)(etcd, `/random/${random(20)}`, options).then(
        () => 'ok',
        (error) => error.code ?? String(error),
      );
      codes[code] = (codes[code] ?? 0) + 1;
      settled++;
      // Aborted and closed clients answer at once; the others should not have all the calls by then.
      if (code === 'ETCD_CLOSED' || code === 'ETCD_ABORTED')
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await Promise.all([closing, ...Array.from({ length: 10 }, caller)]);
  clearTimeout(timer);
}

for (let done = 0; done < Number(count); done += 1_000) {
  await Promise.all(Array.from({ length: 10 }, () => useOne(100)));
}
const listeners = shared.reduce((sum, signal) => sum + getEventListeners(signal, 'abort').length, 0);
await new Promise((resolve) => setTimeout(resolve, 100));
const handles = process.getActiveResourcesInfo();
for (const name of before) handles.splice(handles.indexOf(name), handles.includes(name) ? 1 : 0);
process.stdout.write(`figures ${JSON.stringify({ settled, codes, unhandled, listeners, handles })}\n`);
