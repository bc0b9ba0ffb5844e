import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = fileURLToPath(new URL('../node_modules/.cache/node/', import.meta.url));

/** The oldest Node that is supported, the last one of its line, and one of each line after it. */
export const nodeVersions = ['20.19', '20.20', '22', '24', '26'];

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
    spawnSync('npm', [...args, `node@${version}`], { cwd: directory, stdio: 'inherit', shell: isWindows });
  }
  const { stdout, status } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Node ${version} could not be installed from npm into ${directory}`);
  return { binary, version: stdout.trim() };
}
