/**
 * Closes a client that holds 20 locks, waits for 20 and takes part in two elections, in one of which it leads. Writes how long that
 * took, how everything ended, and which handles are open that were not before. Nothing in here ends the process.
 *
 * Arguments: the client's file, an address. Standard input: a line, once the network is as it should be.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const [file, hosts] = process.argv.slice(2);
const { EtcdClient } = await import(file);
// The client loads it with its first request, which opens the stderr of this process.
await import('undici');

const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(String(reason)));
// The pipe of the output is opened with the first line.
process.stdout.write('started true\n');
const before = process.getActiveResourcesInfo();
const client = new EtcdClient({ hosts });
const ends = {};
const note = (end) => (ends[end] = (ends[end] ?? 0) + 1);
const names = Array.from({ length: 20 }, (_, i) => `s1-${i}`);

const held = await Promise.all(names.map((name) => client.lock(name).acquire()));
held.push(await client.election('leads').campaign('closing'));
for (const { signal } of held)
  signal.addEventListener('abort', () => note(`${signal.reason.code} ${signal.reason.loss}`));
const waiting = [
  ...names.map((name) => client.lock(name).acquire()),
  client.election('waits').campaign('closing'),
].map((promise) =>
  promise.then(
    () => note('acquired'),
    ({ code }) => note(code),
  ),
);
// All of them are in their queues.
const queues = () => [...names.map((name) => client.lock(name)), client.election('waits')];
const length = async (queue) => (await (queue.candidates?.() ?? queue.waiters())).length;
for (const queue of queues()) while ((await length(queue)) < (queue.candidates ? 2 : 1)) await sleep(20);
process.stdout.write('connected true\n');
await once(process.stdin, 'data');
process.stdin.destroy();

const start = performance.now();
await client.close();
const took = performance.now() - start;
await Promise.all(waiting);
const settled = performance.now() - start;
const believed = held.filter((one) => one.isHeld ?? one.isLeader).length;
await client.close();
await sleep(50);
const handles = process.getActiveResourcesInfo();
for (const name of before) handles.splice(handles.indexOf(name), handles.includes(name) ? 1 : 0);
process.stdout.write(`figures ${JSON.stringify({ took, settled, ends, believed, handles, unhandled })}\n`);
