import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { path } from './workload.mjs';

const run = promisify(execFile);
const put = fileURLToPath(new URL('../contenders/put.lua', import.meta.url));

/**
 * `wrk`, which is written in C and reads no body: what the server and the machine give. `undefined` where it is not
 * on PATH.
 *
 * @param {{ url: string }} target
 * @returns {import('./contender.mjs').Contender | undefined}
 */
export function findWrk({ url }) {
  if (spawnSync('wrk', ['--version']).error !== undefined) return undefined;
  return {
    name: 'wrk',
    run: async ({ operation, inFlight, seconds }) => {
      // It counts in whole seconds.
      const duration = `${Math.max(1, Math.round(seconds))}s`;
      const script = operation === 'put' ? ['-s', put] : [];
      const args = ['-t', '1', '-c', String(inFlight), '-d', duration, ...script, `${url}${path}`];
      const { stdout } = await run('wrk', args);
      if (stdout.includes('Non-2xx')) throw new Error(`wrk: ${stdout}`);
      return { opsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]) };
    },
    close: () => undefined,
  };
}
