import { fileURLToPath } from 'node:url';

import { startWorker } from './worker.mjs';

const child = fileURLToPath(new URL('child.mjs', import.meta.url));

/** @typedef {{ operation: import('./workload.mjs').Operation, inFlight: number, seconds: number }} Scenario */
/** @typedef {{ opsPerSecond: number, cpu?: number }} Result `cpu` is in seconds for 10,000 operations. */
/** @typedef {{ name: string, run: (scenario: Scenario) => Promise<Result>, close: () => void }} Contender */

/**
 * Starts a contender in a process of its own.
 *
 * @param {string} name
 * @param {string} file Its module in `contenders/`.
 * @param {object} target
 * @returns {Promise<Contender>}
 */
export async function startContender(name, file, target) {
  const module = new URL(`../contenders/${file}`, import.meta.url).href;
  const worker = await startWorker(name, child, [module, JSON.stringify(target)]);
  return { name, run: worker.ask, close: worker.close };
}
