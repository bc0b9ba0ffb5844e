import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { pruneDeclarations } from './declarations.mjs';
import { installDependencies } from './install-dependencies.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * @param {string} file
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
function tool(file, args, env = process.env) {
  const command = [`${root}node_modules/${file}`, ...args];
  const { status } = spawnSync(process.execPath, command, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} failed`);
}

/**
 * Compiles `lib/` to `dist/`, as ES modules and as CommonJS: Nest 11 projects run jest in CommonJS. The declarations are
 * those of the single files, the JavaScript is bundled.
 */
export function build() {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  // A process that loads `dist/` meanwhile finds the old build or the new one.
  const directory = mkdtempSync(join(cache, 'build-'));
  const [built, old] = ['new', 'old'].map((name) => join(directory, name));
  try {
    tool('typescript/bin/tsc', ['-p', 'tsconfig.build.json', '--outDir', join(built, 'esm')]);
    pruneDeclarations(join(built, 'esm'), ['index', 'client/index', 'health/index', 'testing/index']);
    cpSync(join(built, 'esm'), join(built, 'cjs'), { recursive: true });
    tool('rollup/dist/bin/rollup', ['--config', '--silent'], { ...process.env, BUILD_DIRECTORY: built });
    // The program of `bin` is an ES module.
    rmSync(join(built, 'cjs', 'cli'), { recursive: true });
    // The package is `type: module`; this says that the files below are not.
    const manifest = { type: 'commonjs', sideEffects: false };
    writeFileSync(join(built, 'cjs', 'package.json'), `${JSON.stringify(manifest)}\n`);
    if (existsSync(`${root}dist`)) renameSync(`${root}dist`, old);
    renameSync(built, `${root}dist`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
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
