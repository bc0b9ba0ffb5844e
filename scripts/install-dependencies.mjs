import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { runTwice } from './run-twice.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} file @returns {Record<string, { version?: string, optional?: boolean, devOptional?: boolean }>} */
function packagesIn(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

/**
 * Whether `node_modules` holds what `package-lock.json` asks for. npm keeps its own record of the tree in
 * `node_modules/.package-lock.json`. The two are compared by content, because a checkout changes file times.
 */
function areInstalled() {
  const record = `${root}node_modules/.package-lock.json`;
  if (!existsSync(record)) return false;
  const installed = packagesIn(record);
  return Object.entries(packagesIn(`${root}package-lock.json`)).every(([path, wanted]) => {
    if (path === '') return true;
    const present = installed[path];
    // Optional packages for other platforms are in the lock file and never on the disk.
    if (present === undefined) return wanted.optional === true || wanted.devOptional === true;
    return present.version === wanted.version;
  });
}

/** Installs the dependencies with `npm ci` when they are missing or differ from `package-lock.json`. */
export function installDependencies() {
  if (areInstalled()) return;
  console.log('Installing dependencies (npm ci)');
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  // When npm itself started this script, use that very npm; it also avoids the `npm.cmd` of Windows.
  const npm = process.env['npm_execpath'];
  const { status } = runTwice(() =>
    npm
      ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: 'inherit' })
      : spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' }),
  );
  if (status !== 0) throw new Error('`npm ci` failed, see its messages above');
}
