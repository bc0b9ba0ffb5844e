import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from '../../scripts/build.mjs';
import { installDependencies } from '../../scripts/install-dependencies.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Builds `dist/` unless it is there and newer than `lib/`: figures of an old build are worse than none. */
export function ensureBuilt() {
  installDependencies();
  const built = join(root, 'dist/esm/client/index.js');
  const sources = readdirSync(join(root, 'lib'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
    .map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs);
  if (existsSync(built) && statSync(built).mtimeMs >= Math.max(...sources)) return;
  console.log('Building dist/');
  build();
}
