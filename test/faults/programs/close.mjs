/**
 * Closes a client that has 200 requests under way, and writes how long that took, how the requests ended, and which
 * handles are open that were not before. Nothing in here ends the process.
 *
 * Arguments: the client's file, an address. Standard input: a line, once the network is as it should be.
 */
import { once } from 'node:events';

const [file, hosts] = process.argv.slice(2);
const { EtcdClient } = await import(file);
// The client loads it with its first request, which opens the stderr of this process.
await import('undici');

// The pipe of the output is opened with the first line.
process.stdout.write('started true\n');
const before = process.getActiveResourcesInfo();
const client = new EtcdClient({ hosts, timeout: 60_000, tryTimeout: 60_000 });
await client.set('/key', 'value');
process.stdout.write('connected true\n');
await once(process.stdin, 'data');
process.stdin.destroy();

const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(String(reason)));
const calls = Array.from({ length: 200 }, (_, i) =>
  i % 2 === 0 ? client.get('/key') : client.set(`/key-${i}`, 'v'),
);
const ends = Promise.allSettled(calls);
await new Promise((resolve) => setTimeout(resolve, 200));
const start = performance.now();
await client.close();
const took = performance.now() - start;
const codes = {};
for (const end of await ends) {
  const code = end.status === 'rejected' ? end.reason.code : 'ok';
  codes[code] = (codes[code] ?? 0) + 1;
}
const settled = performance.now() - start;
await client.close();
const late = await client.get('/key').then(
  () => 'ok',
  ({ code }) => code,
);
// Sockets that were destroyed are gone after a turn of the event loop.
await new Promise((resolve) => setTimeout(resolve, 50));
const handles = process.getActiveResourcesInfo();
for (const name of before) handles.splice(handles.indexOf(name), handles.includes(name) ? 1 : 0);
process.stdout.write(`figures ${JSON.stringify({ took, settled, codes, late, handles, unhandled })}\n`);
