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
 * Runs jest and resolves to its exit code. Whatever the tests put into the temporary directory goes with it.
 *
 * @param {string | undefined} binary of etcd, if the tests need one
 * @param {string[]} words
 * @returns {Promise<number>}
 */
function runJest(binary, words) {
  // What is acknowledged survives `kill -9` in memory as it does on a disk.
  const temporary = mkdtempSync(join(memoryDirectory(8e9) ?? tmpdir(), 'nestjs-etcd-test-'));
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, 'node_modules/jest/bin/jest.js', ...words], {
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
  faults: { config: 'jest.faults.config.mjs', words: [], etcd: true },
};

try {
  const [name = '', ...others] = process.argv.slice(2);
  const isSuite = name === 'fast' || name === 'faults';
  const { config, words, etcd } = isSuite
    ? suites[name]
    : { config: 'jest.config.mjs', words: [], etcd: true };
  installDependencies();
  const binary = etcd ? findEtcd({ install: true }) : undefined;
  const extra = isSuite ? others : process.argv.slice(2);
  process.exitCode = await runJest(binary, ['--config', config, ...words, ...extra]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
