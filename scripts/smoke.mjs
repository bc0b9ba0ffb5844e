import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { installDependencies } from './install-dependencies.mjs';
import { pack } from './pack.mjs';
import { runEtcd } from './run-etcd.mjs';

const fixtures = fileURLToPath(new URL('../test/package/', import.meta.url));
const compile = ['node_modules/typescript/bin/tsc', '-p', '.'];

/**
 * What Node runs in each application once the package is installed there. Each has to end by itself: a handle that
 * the package left open would keep it until the time limit.
 */
const applications = {
  // Without `skipLibCheck`, so that the types that are published are checked as well.
  'client-only': [compile, ['main.mjs']],
  'nest-11-cjs': [compile, ['dist/main.js'], ['node_modules/jest/bin/jest.js']],
  'nest-12-esm': [compile, ['dist/main.js']],
};

/**
 * @param {string} cwd
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
function run(cwd, command, args, env = process.env) {
  const shell = process.platform === 'win32' && command === 'npm';
  const { status, error } = spawnSync(command, args, { cwd, env, stdio: 'inherit', shell, timeout: 300_000 });
  if (status !== 0) throw new Error(`${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
}

/**
 * Installs the tarball into a copy of an application outside this project, and runs the application.
 *
 * @param {string} name
 * @param {string[][]} steps
 * @param {string} tarball
 * @param {string} etcdUrl
 */
function smoke(name, steps, tarball, etcdUrl) {
  const directory = mkdtempSync(join(tmpdir(), `nestjs-etcd-${name}-`));
  try {
    cpSync(join(fixtures, name), directory, { recursive: true });
    const install = ['install', '--no-audit', '--no-fund', '--loglevel=error', tarball];
    // Nest is a peer, and npm installs peers by itself; an application without Nest must not need it.
    if (name === 'client-only') install.push('--omit=peer', '--legacy-peer-deps');
    run(directory, 'npm', install);
    for (const step of steps) run(directory, process.execPath, step, { ...process.env, ETCD_URL: etcdUrl });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

installDependencies();
const directory = mkdtempSync(join(tmpdir(), 'nestjs-etcd-pack-'));
const etcd = await runEtcd();
try {
  const { tarball } = pack(directory);
  for (const [name, steps] of Object.entries(applications)) {
    try {
      smoke(name, steps, tarball, etcd.url);
      console.log(`${name}: ok`);
    } catch (error) {
      console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await etcd.stop();
  rmSync(directory, { recursive: true, force: true });
}
