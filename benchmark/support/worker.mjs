import { fork } from 'node:child_process';
import { once } from 'node:events';

/** @typedef {{ ask: (message: object) => Promise<unknown>, close: () => void }} Worker */

/**
 * Starts a process of its own for one part of a benchmark, so that its CPU time and its garbage are its own. It lives
 * for all blocks, so that its code is as warm as that of a server; closed, it ends by itself, and flags of node such
 * as `--cpu-prof`, which it inherits, have their effect.
 *
 * @param {string} name What its failures are reported under.
 * @param {string | URL} file Its program, which calls `serve`.
 * @param {string[]} args
 * @returns {Promise<Worker>}
 */
export async function startWorker(name, file, args) {
  // Structured clones, because typed arrays are sent back.
  const worker = fork(file, args, { serialization: 'advanced' });
  const answer = async () => {
    const gone = new AbortController();
    const [message] = await Promise.race([
      once(worker, 'message', { signal: gone.signal }),
      once(worker, 'exit', { signal: gone.signal }).then(([code]) => [{ error: `exit ${code}` }]),
    ]).finally(() => gone.abort());
    if (message.error !== undefined) throw new Error(`${name}: ${message.error}`);
    return message.result;
  };
  await answer();
  return {
    ask: (message) => {
      worker.send(message);
      return answer();
    },
    close: () => {
      if (worker.connected) worker.disconnect();
    },
  };
}
