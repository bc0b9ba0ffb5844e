import { fileURLToPath } from 'node:url';

import { startWorker } from '../worker.mjs';
import { assess } from './assess.mjs';

const child = fileURLToPath(new URL('watcher-child.mjs', import.meta.url));
const writerChild = fileURLToPath(new URL('writer-child.mjs', import.meta.url));

/**
 * After so many milliseconds without an event nothing more comes. Whoever repairs a watch must have done so by then:
 * nestjs-etcd proves a silent one every 2 s.
 */
const patience = 6_000;

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {(scenario: import('./workload.mjs').Scenario) => Promise<import('./assess.mjs').Result>} run
 * @property {() => void} close
 */

/** @param {{ url: string, connections: number }} target `connections` is how many writes are in flight at most. */
export function startWriter(target) {
  return startWorker('writer', writerChild, [JSON.stringify(target)]);
}

let directories = 0;

/**
 * Starts a watcher in a process of its own.
 *
 * @param {string} name
 * @param {string} file Its module in `watchers/`.
 * @param {object} target
 * @param {import('../worker.mjs').Worker} writer
 * @returns {Promise<Contender>}
 */
export async function startWatcher(name, file, target, writer) {
  const module = new URL(`../../watchers/${file}`, import.meta.url).href;
  const watcher = await startWorker(name, child, [module, JSON.stringify(target)]);
  const run = async ({ inFlight, keys }) => {
    // One of its own for each block, removed afterwards, so that the store is as small for the last as for the first.
    const directory = `/benchmark-watch/${++directories}`;
    await writer.ask({ task: 'make', directory });
    await watcher.ask({ task: 'begin', directory, keys });
    const written = await writer.ask({ task: 'write', directory, inFlight, keys });
    const told = await watcher.ask({ task: 'finish', patience });
    await writer.ask({ task: 'remove', directory });
    return assess(written, told);
  };
  return { name, run, close: watcher.close };
}
