import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const version = '7.0.0';
const directory = fileURLToPath(
  new URL(`../../node_modules/.cache/nestjs-etcd-benchmark/node-etcd-${version}`, import.meta.url),
);

/**
 * Installs node-etcd out of the way of this project's own dependencies. Its native dependency comes with binaries,
 * so that no install script is run.
 *
 * @returns {{ directory: string } | { problem: string }}
 */
export function installNodeEtcd() {
  if (!existsSync(`${directory}/node_modules/node-etcd/package.json`)) {
    console.log(`Installing node-etcd ${version}`);
    mkdirSync(directory, { recursive: true });
    const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
    const { status, error, stderr } = spawnSync(
      'npm',
      ['install', '--prefix', directory, ...flags, `node-etcd@${version}`],
      { encoding: 'utf8', shell: process.platform === 'win32' },
    );
    if (status !== 0) return { problem: `npm could not install it: ${error?.message ?? stderr.trim()}` };
  }
  const { status, stderr } = spawnSync(process.execPath, ['-e', "require('node-etcd')"], {
    cwd: directory,
    encoding: 'utf8',
  });
  return status === 0
    ? { directory }
    : { problem: `it cannot be loaded: ${stderr.trim().split('\n').at(-1)}` };
}
