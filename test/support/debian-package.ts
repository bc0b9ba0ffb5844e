import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Installs one of Debian's packages, if this process may. @returns why it is not there; `undefined` if it is */
export function installDebianPackage(name: string): string | undefined {
  if (!existsSync('/usr/bin/apt-get')) return `there is no apt-get to install ${name} with`;
  const isRoot = process.getuid?.() === 0;
  const mayInstall = isRoot || spawnSync('sudo', ['-n', 'true']).status === 0;
  if (!mayInstall) return `this process may not install packages; install ${name}`;
  process.stderr.write(`Installing ${name} (apt-get install ${name})\n`);
  const [command = '', ...words] = isRoot ? ['apt-get'] : ['sudo', '-n', 'apt-get'];
  const apt = (...args: string[]) =>
    spawnSync(command, [...words, '-q', '-o', 'DPkg::Lock::Timeout=60', ...args], { encoding: 'utf8' });
  apt('update');
  const { status, stderr } = apt('install', '-y', '--no-install-recommends', name);
  return status === 0 ? undefined : `apt-get could not install ${name}: ${stderr.trim()}`;
}
