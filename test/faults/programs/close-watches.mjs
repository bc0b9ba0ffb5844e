/**
 * Closes a client that has 100 watches, and writes how long that took, how they ended, and which handles are open that
 * were not before. Nothing in here ends the process.
 *
 * Arguments: the client's file, an address. Standard input: a line, once the network is as it should be.
 */
import { once } from 'node:events';

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
const watchers = Array.from({ length: 100 }, (_, i) => client.watch(`/s1/${i}`, { recursive: i % 2 === 0 }));
const ends = {};
const note = (end) => (ends[end] = (ends[end] ?? 0) + 1);
let late = 0;
let closed = false;
const listen = async (watcher) => {
  watcher.on('event', () => closed && late++);
  await new Promise((resolve) => watcher.on('close', resolve));
  note('close');
};
const loop = async (watcher) => {
  for await (const event of watcher) if (closed && event.index > 0) late++;
  note('done');
};
const ended = watchers.map((watcher, i) =>
  (i % 4 === 0 ? listen : loop)(watcher).catch(({ code }) => note(code)),
);
await Promise.all(watchers.map(({ ready }) => ready));
process.stdout.write('connected true\n');
await once(process.stdin, 'data');
process.stdin.destroy();
// Long enough for re-armings to be under way.
await new Promise((resolve) => setTimeout(resolve, 2_500));

const start = performance.now();
await client.close();
const took = performance.now() - start;
closed = true;
await Promise.all(ended);
const settled = performance.now() - start;
await client.close();
await new Promise((resolve) => setTimeout(resolve, 50));
const handles = process.getActiveResourcesInfo();
for (const name of before) handles.splice(handles.indexOf(name), handles.includes(name) ? 1 : 0);
process.stdout.write(`figures ${JSON.stringify({ took, settled, ends, late, handles, unhandled })}\n`);
