/**
 * Opens and closes watches whose keys change all the time: by `close()`, by a signal, or by leaving the loop, at random
 * moments. Writes what was told after the end of a watch, how the loops ended, and what is left open of all that. Nothing in
 * here ends the process.
 *
 * `watcher` is the client's. `naive` is a stream whose `close` keeps the answer from being handed on, and no more.
 *
 * Arguments: the client's file, an address, `watcher` or `naive`, how many.
 */
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [file, hosts, mode, count] = process.argv.slice(2);
const { EtcdClient } = await import(file);
// The client loads it with its first request, which opens the stderr of this process.
await import('undici');

const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(String(reason)));
process.on('warning', (warning) => unhandled.push(String(warning)));
// The pipe of the output is opened with the first line.
process.stdout.write('started true\n');
const before = process.getActiveResourcesInfo();

const random = (limit) => Math.floor(Math.random() * limit);
const figures = { told: 0, late: 0, ends: {} };
const note = (end) => (figures.ends[end] = (figures.ends[end] ?? 0) + 1);

/** The same face as the client's watcher has, as far as it is used here. */
class NaiveWatcher {
  #listener;
  constructor(key) {
    get(`${hosts}/v2/keys${key}?wait=true&stream=true&recursive=true`, (response) =>
      response.on('data', () => this.#listener?.()),
    ).on('error', () => undefined);
  }
  on(_, listener) {
    this.#listener = listener;
  }
  async close() {
    // It hands on what is already under way.
    setTimeout(() => (this.#listener = undefined), 20);
  }
}

const client = new EtcdClient({ hosts });
const watch = (key, options) => (mode === 'naive' ? new NaiveWatcher(key) : client.watch(key, options));

const ways = {
  async 'close of a listener'(key) {
    const watcher = watch(key, { recursive: true });
    let closed = false;
    watcher.on('event', () => (closed ? figures.late++ : figures.told++));
    await sleep(random(60));
    await watcher.close();
    closed = true;
    await sleep(30);
  },
  async 'close of a loop'(key) {
    const watcher = watch(key, { recursive: true, initial: Math.random() < 0.3 });
    let closed = false;
    const looping = (async () => {
      for await (const event of watcher) {
        if (closed) figures.late++;
        figures.told += Number(event.index > 0);
      }
    })();
    await sleep(random(60));
    const closing = watcher.close();
    // A `next` that had its event before is allowed to end its turn.
    await closing;
    await new Promise((resolve) => setImmediate(resolve));
    closed = true;
    await looping;
  },
  async signal(key) {
    const ending = new AbortController();
    setTimeout(() => ending.abort(), random(60));
    try {
      for await (const event of watch(key, { recursive: true, signal: ending.signal })) {
        if (ending.signal.aborted) figures.late++;
        figures.told += Number(event.index > 0);
      }
      note('signal without an error');
    } catch (error) {
      note(error.code ?? String(error));
    }
  },
  async 'break out of the loop'(key) {
    const left = 1 + random(5);
    let told = 0;
    const watcher = watch(key, { recursive: true });
    for await (const event of watcher) {
      figures.told += Number(event.index > 0);
      if (++told === left) break;
    }
    const { done } = await watcher.next();
    if (!done) figures.late++;
  },
  async 'close before it is open'(key) {
    const watcher = watch(key, { recursive: true });
    const next = watcher.next();
    await watcher.close();
    if (!(await next).done) figures.late++;
    await watcher.ready.then(
      () => note('ready'),
      (error) => note(`not ready: ${error.code}`),
    );
  },
};
const chosen = mode === 'naive' ? ['close of a listener'] : Object.keys(ways);

let opened = 0;
await Promise.all(
  Array.from({ length: 20 }, async () => {
    while (opened < Number(count)) {
      const way = chosen[opened++ % chosen.length];
      await ways[way](random(4) === 0 ? '/w7' : `/w7/${random(10)}`);
      note(way);
    }
  }),
);
// The client itself goes on: what a closed watch has left would be seen here.
await sleep(500);
process.stdout.write(`raced true\n`);
await new Promise((resolve) => process.stdin.once('data', resolve));
process.stdin.destroy();
await client.close();
// Sockets that were destroyed are gone after a turn of the event loop.
await sleep(50);
const handles = process.getActiveResourcesInfo();
for (const name of before) handles.splice(handles.indexOf(name), handles.includes(name) ? 1 : 0);
process.stdout.write(`figures ${JSON.stringify({ ...figures, handles, unhandled })}\n`);
