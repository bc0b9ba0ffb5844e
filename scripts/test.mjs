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
 * @param {string} config
 * @param {string[]} extra
 * @returns {Promise<number>}
 */
function runJest(config, extra) {
  const binary = findEtcd({ install: true });
  // What is acknowledged survives `kill -9` in memory as it does on a disk.
  const temporary = mkdtempSync(join(memoryDirectory(8e9) ?? tmpdir(), 'nestjs-etcd-test-'));
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const child = spawn(
    process.execPath,
    [...flags, 'node_modules/jest/bin/jest.js', '--config', config, ...extra],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      stdio: 'inherit',
      env: { ...process.env, ETCD_BIN: binary, TMPDIR: temporary },
    },
  );
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

try {
  const faults = process.argv[2] === 'faults';
  installDependencies();
  process.exitCode = await runJest(
    faults ? 'jest.faults.config.mjs' : 'jest.config.mjs',
    process.argv.slice(faults ? 3 : 2),
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
