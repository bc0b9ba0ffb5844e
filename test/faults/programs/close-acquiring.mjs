/**
 * Closes a client right after it has asked for 20 locks and 2 leases, and begun 2 campaigns: their keys are on their way. Writes how long that
 * took, how the attempts ended, and which handles are open that were not before. Nothing in here ends the process.
 *
 * Arguments: the client's file, an address, milliseconds from asking to closing. Standard input: a line, once the network is as it
 * should be.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const [file, hosts, pause] = process.argv.slice(2);
const { EtcdClient } = await import(file);
// The client loads it with its first request, which opens the stderr of this process.
await import('undici');

const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(String(reason)));
// The pipe of the output is opened with the first line.
process.stdout.write('started true\n');
const before = process.getActiveResourcesInfo();
const client = new EtcdClient({ hosts });
await client.get('/');
process.stdout.write('connected true\n');
await once(process.stdin, 'data');
process.stdin.destroy();

const ends = {};
const note = (end) => (ends[end] = (ends[end] ?? 0) + 1);
const asking = [
  ...Array.from({ length: 20 }, (_, i) => client.lock(`asked-${i}`).acquire()),
  ...Array.from({ length: 2 }, (_, i) => client.election(`asked-${i}`).campaign('closing')),
  ...Array.from({ length: 2 }, (_, i) => client.lease(`/_leases/asked-${i}`, 'closing')),
].map((promise) =>
  promise.then(
    () => note('ok'),
    ({ code }) => note(code),
  ),
);
await sleep(Number(pause));
const start = performance.now();
await client.close();
const took = performance.now() - start;
await Promise.all(asking);
const settled = performance.now() - start;
await sleep(50);
const handles = process.getActiveResourcesInfo();
for (const name of before) handles.splice(handles.indexOf(name), handles.includes(name) ? 1 : 0);
process.stdout.write(`figures ${JSON.stringify({ took, settled, ends, handles, unhandled })}\n`);
