import process from 'node:process';

import { serve } from '../support/serve.mjs';
import { path, value } from '../support/workload.mjs';
import { bytesOf, RawConnection } from './raw-http.mjs';

// The process that asks one server: over raw sockets, so that it costs as little as can be.

const [, , url] = process.argv;
const requests = { get: bytesOf('GET', path), put: bytesOf('PUT', path, `value=${value}`) };
let watchers = [];

serve(async ({ task, ...message }) => tasks[task ?? 'drive'](message));

const tasks = { drive, fill, ask, watch, deliver, unwatch };

/** Keeps so many requests in flight, each on a connection of its own. */
async function drive({ operation, inFlight, seconds }) {
  const connections = await Promise.all(Array.from({ length: inFlight }, () => RawConnection.open(url)));
  const run = async (milliseconds) => {
    const end = performance.now() + milliseconds;
    let operations = 0;
    const lane = async (connection) => {
      for (; performance.now() < end; operations++) await connection.send(requests[operation]);
    };
    await Promise.all(connections.map(lane));
    return operations;
  };
  await run(seconds * 200);
  const start = performance.now();
  const operations = await run(seconds * 1_000);
  const elapsed = (performance.now() - start) / 1_000;
  for (const connection of connections) connection.close();
  return { opsPerSecond: operations / elapsed };
}

/** Makes keys `directory/from` and so on. */
async function fill({ directory, from = 0, count, form = 'value=x' }) {
  let next = from;
  const lane = async () => {
    const connection = await RawConnection.open(url);
    while (next < from + count) await connection.send(bytesOf('PUT', `${directory}/${next++}`, form));
    connection.close();
  };
  await Promise.all(Array.from({ length: 16 }, lane));
}

/** One request. @returns how long it took, in ms, and how long its answer was, in bytes */
async function ask({ method, target, form }) {
  const connection = await RawConnection.open(url);
  const start = performance.now();
  const length = await connection.send(bytesOf(method, target, form));
  const milliseconds = performance.now() - start;
  connection.close();
  return { milliseconds, length };
}

/** Opens so many streams, each with a connection of its own, and resolves once they have all begun. */
async function watch({ target, count }) {
  for (let left = count; left > 0; left -= 500) {
    const some = await Promise.all(
      Array.from({ length: Math.min(left, 500) }, () => RawConnection.open(url)),
    );
    await Promise.all(
      some.map(({ socket }) => {
        socket.removeAllListeners('data');
        socket.write(bytesOf('GET', target), 'latin1');
        return new Promise((resolve) => socket.once('data', resolve));
      }),
    );
    watchers.push(...some);
  }
}

/** Lets one event come to all watchers. @returns the ms from the write to the last of them */
async function deliver({ target }) {
  const told = watchers.map(({ socket }) => new Promise((resolve) => socket.once('data', resolve)));
  const connection = await RawConnection.open(url);
  const start = performance.now();
  await Promise.all([connection.send(bytesOf('PUT', target, 'value=x')), ...told]);
  const milliseconds = performance.now() - start;
  connection.close();
  return milliseconds;
}

async function unwatch() {
  for (const watcher of watchers) watcher.close();
  watchers = [];
}
