import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { checkIndex, checkLinks } from './check-links.mjs';
import { installDependencies } from './install-dependencies.mjs';
import { compileSamples } from './check-samples.mjs';
import { pack } from './pack.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs a development tool by the file that its package names, so that no shell stands between.
 *
 * @param {string} file
 * @param {string[]} args
 */
function tool(file, ...args) {
  const { status } = spawnSync(process.execPath, [`${root}node_modules/${file}`, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} failed`);
}

/** The doc comments make pages without a warning, and every link of the pages leads somewhere. */
function checkDocuments() {
  const problems = [...checkLinks(root), ...checkIndex(root)];
  if (problems.length > 0) throw new Error(`links that lead nowhere:\n${problems.join('\n')}`);
  tool('typedoc/bin/typedoc', '--emit', 'none', '--logLevel', 'Warn');
}

/** What users download: nothing but the build and the papers, with entry points that every resolver finds. */
function checkPackage() {
  const directory = mkdtempSync(join(tmpdir(), 'nestjs-etcd-pack-'));
  try {
    const { tarball, files } = pack(directory);
    const allowed = /^(dist\/.*|README\.md|LICENSE|CHANGELOG\.md|package\.json)$/;
    const strangers = files.filter((path) => !allowed.test(path) || path.includes('.spec.'));
    if (strangers.length > 0) throw new Error(`The package would also hold ${strangers.join(', ')}`);
    const missing = ['README.md', 'LICENSE', 'CHANGELOG.md'].filter((path) => !files.includes(path));
    if (missing.length > 0) throw new Error(`The package would lack ${missing.join(', ')}`);

    tool('publint/src/cli.js', tarball, '--strict');
    tool('@arethetypeswrong/cli/dist/index.js', tarball, '--entrypoints', '.', '--profile', 'strict');
    compileSamples(root, tarball, mkdtempSync(join(directory, 'samples-')));
    // Resolution as of Node 10 knows no `exports`, so it finds the root and never a subpath.
    tool('@arethetypeswrong/cli/dist/index.js', tarball, '--exclude-entrypoints', '.', '--profile', 'node16');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** In the order of their speed. */
const checks = {
  lint: () => tool('oxlint/bin/oxlint', '--type-aware', '--deny-warnings', '.'),
  format: () => tool('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
  types: () => tool('typescript/bin/tsc', '-p', 'tsconfig.json'),
  docs: checkDocuments,
  package: checkPackage,
};

installDependencies();
const chosen = process.argv.slice(2);
for (const [name, check] of Object.entries(checks)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  try {
    check();
    console.log(`${name}: ok`);
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
