import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { installDependencies } from './install-dependencies.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Compiles `lib/` twice, as ES modules and as CommonJS: Nest 11 projects run jest in CommonJS. */
export function build() {
  rmSync(`${root}dist`, { recursive: true, force: true });
  for (const project of ['tsconfig.build.json', 'tsconfig.cjs.json']) {
    const tsc = `${root}node_modules/typescript/bin/tsc`;
    const { status } = spawnSync(process.execPath, [tsc, '-p', project], { cwd: root, stdio: 'inherit' });
    if (status !== 0) throw new Error(`tsc -p ${project} failed`);
  }
  // The package is `type: module`; this says that the files below are not.
  const manifest = { type: 'commonjs', sideEffects: false };
  writeFileSync(`${root}dist/cjs/package.json`, `${JSON.stringify(manifest)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    installDependencies();
    build();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
