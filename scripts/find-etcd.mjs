import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { argv, env, getuid, platform } from 'node:process';
import { fileURLToPath } from 'node:url';

/**
 * Asks a binary for its version.
 *
 * @param {string} binary
 * @returns {string | undefined} Why the binary is of no use here, or `undefined` when it is.
 */
function whyUnusable(binary) {
  const { stdout, error } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (error) return `cannot be run: ${error.message}`;
  const version = /etcd Version: ((\d+)\.(\d+)\S*)/.exec(stdout);
  if (!version) return 'does not say its version, so it is not etcd';
  const [major, minor] = [Number(version[2]), Number(version[3])];
  if (major > 3 || (major === 3 && minor >= 6)) return `is ${version[1]}: etcd 3.6 and later have no v2 API`;
  return undefined;
}

/** Every executable file called `etcd` in the directories of PATH. */
function onPath() {
  const name = platform === 'win32' ? 'etcd.exe' : 'etcd';
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((directory) => join(directory, name))
    .filter((file) => {
      try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
      } catch {
        return false;
      }
    });
}

/** The words to put before a command so that root runs it; `undefined` when nobody here may. */
function asRoot() {
  if (getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : undefined;
}

/**
 * Installs Debian's package. Its post-installation script enables and starts a service, which nobody asked for.
 * systemd is told beforehand to refuse it; a system without systemd is told that it runs in single-user mode.
 *
 * @param {string[]} prefix
 */
function installDebianPackage(prefix) {
  /** @param {string[]} words */
  const run = (...words) => {
    const [command = '', ...args] = [...prefix, ...words];
    return spawnSync(command, args, { encoding: 'utf8' });
  };
  const systemd = existsSync('/run/systemd/system');
  if (systemd) run('systemctl', 'mask', '--runtime', 'etcd.service');
  try {
    const apt = ['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=60', '-o', 'Acquire::Retries=3'];
    run(...apt, 'update');
    const quiet = ['DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'];
    const install = ['install', '-y', '--no-install-recommends', 'etcd-server'];
    const { status, stderr, error } = run('env', ...quiet, ...apt, ...install);
    if (status !== 0)
      throw new Error(`apt-get could not install etcd-server: ${error?.message ?? stderr.trim()}`);
  } finally {
    if (systemd) {
      run('systemctl', 'unmask', '--runtime', 'etcd.service');
      run('systemctl', 'disable', 'etcd.service');
    }
  }
}

/** @param {string[]} refusals */
function notFound(refusals) {
  return new Error(
    [
      'No etcd with the v2 API was found (3.5 is the last release line that has it).',
      ...refusals.map((refusal) => `  ${refusal}`),
      'Ways to get one:',
      '  - set ETCD_BIN to the path of an etcd binary',
      "  - install Debian's or Ubuntu's package: apt-get install etcd-server",
      '  - unpack a 3.5 release of etcd and put its directory on PATH',
    ].join('\n'),
  );
}

/**
 * Finds an etcd binary that still has the v2 API: `ETCD_BIN`, then PATH, then (with `install`) Debian's package.
 *
 * @param {{ install?: boolean }} [options]
 * @returns {string} The path of the binary; a bare name in `ETCD_BIN` is left to PATH.
 */
export function findEtcd({ install = false } = {}) {
  const chosen = env['ETCD_BIN'];
  if (chosen) {
    const reason = whyUnusable(chosen);
    if (reason) throw new Error(`ETCD_BIN=${chosen} ${reason}`);
    return chosen.includes('/') ? resolve(chosen) : chosen;
  }
  /** @type {string[]} */
  const refusals = [];
  const search = () =>
    onPath().find((file) => {
      const reason = whyUnusable(file);
      if (reason) refusals.push(`${file} ${reason}`);
      return reason === undefined;
    });
  const found = search();
  if (found) return found;

  const prefix = install && existsSync('/usr/bin/apt-get') ? asRoot() : undefined;
  if (!prefix) throw notFound(refusals);
  console.log('Installing etcd (apt-get install etcd-server)');
  try {
    installDebianPackage(prefix);
  } catch (error) {
    throw notFound([...refusals, error instanceof Error ? error.message : String(error)]);
  }
  refusals.length = 0;
  const installed = search();
  if (!installed) throw notFound(refusals);
  return installed;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(findEtcd({ install: argv.includes('--install') }));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
