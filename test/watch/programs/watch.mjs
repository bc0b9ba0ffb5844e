/**
 * A process that watches, and then has nothing more to do. Nothing in here ends it.
 *
 * Arguments: the file of the client, a URL of etcd's, and how it stops watching when it sees the value `stop`:
 * - `leave` leaves the loop, and closes the client,
 * - `close` closes the client while the loop waits,
 * - `abort` aborts the signal of its watches, and closes the client,
 * - `cache` closes a cache with its client.
 */
const [file, hosts, how] = process.argv.slice(2);
const { EtcdClient } = await import(file);

const etcd = new EtcdClient({ hosts, watch: { rearm: 300 } });
const controller = new AbortController();
const { signal } = controller;
const watcher = etcd.watch('/app', { recursive: true, signal });
const others = [etcd.watch('/app/other', { signal }), etcd.watch('/elsewhere', { signal, initial: true })];
const cache = etcd.cache('/app', { signal });
cache.on('error', () => undefined);
// Answered long before its timeout, which must not keep the process alive.
const waited = etcd.waitForChange('/app/key', { timeout: 60_000 });
await Promise.all([watcher.ready, cache.ready, ...others.map(({ ready }) => ready)]);
process.stdout.write('watching\n');

try {
  for await (const { node } of watcher) {
    process.stdout.write(`told ${node?.value}\n`);
    if (node?.value !== 'stop') continue;
    if (how === 'leave') break;
    if (how === 'close') void etcd.close();
    if (how === 'abort') controller.abort();
    if (how === 'cache') void cache.close().then(() => etcd.close());
  }
} catch ({ code }) {
  process.stdout.write(`${code}\n`);
}
await waited;
if (how !== 'close' && how !== 'cache') await etcd.close();
process.stdout.write('left\n');
