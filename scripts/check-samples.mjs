import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Compiles the samples with the packed package in place of this repository, as who copies one of them would.
 *
 * @param {string} root of the repository
 * @param {string} tarball
 * @param {string} directory an empty one, which is filled
 */
export function compileSamples(root, tarball, directory) {
  const modules = join(directory, 'node_modules');
  const own = join(modules, 'nestjs-etcd');
  mkdirSync(own, { recursive: true });
  const { status } = spawnSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', own], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`${tarball} cannot be unpacked`);
  // Everything else is there already.
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  cpSync(join(root, 'tsconfig.json'), join(directory, 'tsconfig.json'));
  // Of another name: a package finds itself before it finds the one that is installed.
  writeFileSync(join(directory, 'package.json'), '{"name":"samples","type":"module"}');
  for (const name of readdirSync(join(root, 'sample'))) {
    const sample = join(directory, 'sample', name);
    cpSync(join(root, 'sample', name, 'src'), join(sample, 'src'), { recursive: true });
    cpSync(join(root, 'sample', name, 'tsconfig.json'), join(sample, 'tsconfig.json'));
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const compiled = spawnSync(process.execPath, [tsc, '-p', sample, '--noEmit'], { stdio: 'inherit' });
    if (compiled.status !== 0) throw new Error(`sample/${name} does not compile with the packed package`);
  }
}
