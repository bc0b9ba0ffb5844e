import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findEtcd } from './find-etcd.mjs';
import { installDependencies } from './install-dependencies.mjs';
import { memoryDirectory } from './memory.mjs';

/**
 * Ends what a crashed test has left running. A server notes its pid in its directory, and removes the directory
 * when it stops; its command line must name the directory too, because a pid can have been given away since.
 *
 * @param {string} temporary
 */
function endLeftovers(temporary) {
  for (const name of readdirSync(temporary)) {
    const directory = join(temporary, name);
    const file = join(directory, 'etcd.pid');
    if (!existsSync(file)) continue;
    const pid = readFileSync(file, 'utf8');
    const { stdout } = spawnSync('ps', ['-p', pid, '-o', 'args='], { encoding: 'utf8' });
    if (stdout?.includes(directory)) process.kill(Number(pid), 'SIGKILL');
  }
}

/**
 * How much room the logs of the servers need, in bytes. Each server has two files of 64 MB. Most suites have one, those of
 * clusters three; some have up to eight, of which there are few.
 *
 * @param {number} workers of jest
 */
const roomFor = (workers) => 1e9 + workers * 4e8;

/**
 * Runs jest and resolves to its exit code. Whatever the tests put into the temporary directory goes with it.
 *
 * @param {string | undefined} binary of etcd, if the tests need one
 * @param {string} config
 * @param {string[]} words
 * @returns {Promise<number>}
 */
async function runJest(binary, config, words) {
  const { default: options } = await import(`../${config}`);
  // What is acknowledged survives `kill -9` in memory as it does on a disk.
  const memory = memoryDirectory(roomFor(options.maxWorkers));
  const temporary = mkdtempSync(join(memory ?? tmpdir(), 'nestjs-etcd-test-'));
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const jest = ['node_modules/jest/bin/jest.js', '--config', config];
  const child = spawn(process.execPath, [...flags, ...jest, ...words], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: 'inherit',
    env: { ...process.env, ...(binary && { ETCD_BIN: binary }), TMPDIR: temporary },
  });
  // An interrupt goes to jest; this process stays until jest has ended, to tidy up.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.once('exit', (code) => {
      endLeftovers(temporary);
      rmSync(temporary, { recursive: true, force: true });
      resolve(code ?? 1);
    });
  });
}

/** What else than `npm test` there is, and what jest is told. */
const suites = {
  fast: { config: 'jest.config.mjs', words: ['--selectProjects', 'unit', 'embedded', '--'], etcd: false },
  long: { config: 'jest.long.config.mjs', words: [], etcd: true },
  faults: { config: 'jest.faults.config.mjs', words: [], etcd: true },
};

try {
  const [name = '', ...others] = process.argv.slice(2);
  const isSuite = name === 'fast' || name === 'long' || name === 'faults';
  const { config, words, etcd } = isSuite
    ? suites[name]
    : { config: 'jest.config.mjs', words: [], etcd: true };
  installDependencies();
  const binary = etcd ? findEtcd({ install: true }) : undefined;
  const extra = isSuite ? others : process.argv.slice(2);
  process.exitCode = await runJest(binary, config, [...words, ...extra]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
