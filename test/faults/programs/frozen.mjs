/**
 * A watcher in a process that is stopped and continued from outside. Writes what it was told, when it knows of `/frozen/end`:
 * the indexes of the changes, the resyncs, and where its picture of the keys is not what the store holds. Beside it, a naive
 * stream counts what it hears.
 *
 * Arguments: the client's file, an address.
 */
import { get } from 'node:http';

const [file, hosts] = process.argv.slice(2);
const { EtcdClient } = await import(file);

const client = new EtcdClient({ hosts });
const watcher = client.watch('/frozen', { recursive: true });
const naive = { heard: 0 };
const request = get(`${hosts}/v2/keys/frozen?wait=true&recursive=true&stream=true`, (response) => {
  naive.isOpen = true;
  // Each event is a line.
  response.on('data', (chunk) => (naive.heard += chunk.toString('latin1').split('\n').length - 1));
});
request.on('error', () => undefined);
await watcher.ready;
while (!naive.isOpen) await new Promise((resolve) => setTimeout(resolve, 5));

let position = watcher.index;
const start = position;
const changes = [];
const resyncs = [];
const state = new Map();
process.stdout.write(`ready ${process.pid}\n`);
for await (const event of watcher) {
  const { index } = event;
  if (event.action === 'resync') {
    resyncs.push({ reason: event.reason, from: position, to: index });
    for (const key of event.removed) state.delete(key);
    for (const node of [...event.added, ...event.changed]) if (!node.dir) state.set(node.key, node.value);
  } else {
    changes.push({ index, action: event.action, key: event.key });
    state.set(event.key, event.node.value);
  }
  position = index;
  if (state.has('/frozen/end')) break;
}
const { node } = await client.get('/frozen', { recursive: true, quorum: true });
const wrong = [...node.leaves()].filter(({ key, value }) => state.get(key) !== value).map(({ key }) => key);
request.destroy();
await client.close();
process.stdout.write(
  `figures ${JSON.stringify({ start, position, changes, resyncs, wrong, naive: naive.heard })}\n`,
);
