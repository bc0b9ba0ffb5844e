import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runTwice } from './run-twice.mjs';

const cache = fileURLToPath(new URL('../node_modules/.cache/node/', import.meta.url));

/** Of the oldest Node that is supported, of the end of its line, and of each line after it: one and the same on all machines. */
export const nodeVersions = ['20.19.6', '20.20.2', '22.23.3', '24.21.0', '26.10.0'];

/**
 * Installs a Node from the npm package `node`, beside those of other versions, unless it is there.
 *
 * @param {string} version
 * @returns {{ binary: string, version: string }} Its executable, and the version that it is.
 */
export function installNode(version) {
  const directory = join(cache, version);
  const isWindows = process.platform === 'win32';
  const binary = join(directory, 'node_modules', 'node', 'bin', isWindows ? 'node.exe' : 'node');
  if (!existsSync(binary)) {
    mkdirSync(directory, { recursive: true });
    const args = ['install', '--prefix', '.', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
    runTwice(() =>
      spawnSync('npm', [...args, `node@${version}`], { cwd: directory, stdio: 'inherit', shell: isWindows }),
    );
  }
  const { stdout, status } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Node ${version} could not be installed from npm into ${directory}`);
  return { binary, version: stdout.trim() };
}
