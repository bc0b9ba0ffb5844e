/**
 * A consumer of changes below `/w6` that takes 50 ms for each, while they are written as fast as that goes. Writes by how
 * much its heap and its buffers have grown at most, what it was told, and where its picture of the keys is not what the store holds.
 *
 * `watcher` is consumed until the consumer knows of `/w6/end`. `queue` is what anybody would put before a slow consumer: a
 * list. It stops when everything has come.
 *
 * Arguments: the client's file, an address, `watcher` or `queue`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const [file, hosts, mode] = process.argv.slice(2);
const { EtcdClient } = await import(file);
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

const end = '/w6/end';
const client = new EtcdClient({ hosts });
const state = new Map();
const seen = { events: 0, resyncs: [] };

function use(event) {
  if (event.action === 'resync') {
    seen.resyncs.push(event.reason);
    for (const key of event.removed) state.delete(key);
    for (const node of [...event.added, ...event.changed]) if (!node.dir) state.set(node.key, node.value);
  } else {
    seen.events++;
    state.set(event.node.key, event.node.value);
  }
}

const watcher = client.watch('/w6', { recursive: true });

async function* queue() {
  const events = [];
  const come = { end: false };
  watcher.on('event', (event) => {
    events.push(event);
    come.end ||= [event, ...(event.added ?? [])].some(({ key }) => key === end);
  });
  for (let next = 0; !come.end;) {
    if (next === events.length) await sleep(5);
    else yield events[next++];
  }
  sample();
}

const consumed = mode === 'watcher' ? watcher : queue();
await watcher.ready;
// The machinery of requests is warm before anything is measured.
for (let i = 0; i < 200; i++) await client.get('/');
gc();
gc();
const before = process.memoryUsage();
const growth = { heap: 0, buffers: 0 };
function sample() {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  growth.heap = Math.max(growth.heap, (heapUsed - before.heapUsed) / 1e6);
  growth.buffers = Math.max(growth.buffers, (external - before.external) / 1e6);
}
const sampling = setInterval(sample, 50);
process.stdout.write('ready true\n');

for await (const event of consumed) {
  use(event);
  if (state.has(end)) break;
  await sleep(50);
}
clearInterval(sampling);
const { node } = await client.get('/w6', { recursive: true, quorum: true });
const wrong = [...node.leaves()].filter(({ key, value }) => state.get(key) !== value).map(({ key }) => key);
process.stdout.write(`figures ${JSON.stringify({ growth, wrong, ...seen })}\n`);
await client.close();
