import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('child.mjs', import.meta.url));

/** @typedef {{ operation: import('./workload.mjs').Operation, inFlight: number, seconds: number }} Scenario */
/** @typedef {{ opsPerSecond: number, cpu?: number }} Result `cpu` is in seconds for 10,000 operations. */
/** @typedef {{ name: string, run: (scenario: Scenario) => Promise<Result>, close: () => void }} Contender */

/**
 * Starts a contender in a process of its own, so that its CPU time and its garbage are its own. It lives for all
 * blocks, so that its code is as warm as that of a server.
 *
 * @param {string} name
 * @param {string} file Its module in `contenders/`.
 * @param {object} target
 * @returns {Promise<Contender>}
 */
export async function startContender(name, file, target) {
  const module = new URL(`../contenders/${file}`, import.meta.url).href;
  const worker = fork(child, [module, JSON.stringify(target)]);
  const answer = async () => {
    const gone = new AbortController();
    const [message] = await Promise.race([
      once(worker, 'message', { signal: gone.signal }),
      once(worker, 'exit', { signal: gone.signal }).then(([code]) => [{ error: `exit ${code}` }]),
    ]).finally(() => gone.abort());
    if (message.error !== undefined) throw new Error(`${name}: ${message.error}`);
    return message;
  };
  await answer();
  return {
    name,
    run: async (scenario) => {
      worker.send(scenario);
      return (await answer()).result;
    },
    close: () => void worker.kill(),
  };
}
