import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from './build.mjs';

/**
 * Builds the library and packs it as it would be published.
 *
 * @param {string} directory Where the tarball goes.
 * @returns {{ tarball: string, files: string[], size: number, unpackedSize: number }} Its path, the paths of the files in
 *   it, and its sizes in bytes.
 */
export function pack(directory) {
  build();
  const { stdout, status } = spawnSync(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', directory],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      shell: process.platform === 'win32',
    },
  );
  if (status !== 0) throw new Error('npm pack failed');
  const answer = JSON.parse(stdout);
  // A list up to npm 11, an object by package name after it.
  const [{ filename, files, size, unpackedSize }] = Array.isArray(answer) ? answer : Object.values(answer);
  return { tarball: join(directory, filename), files: files.map(({ path }) => path), size, unpackedSize };
}
