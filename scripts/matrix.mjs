import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { installDependencies } from './install-dependencies.mjs';
import { installNode, nodeVersions } from './node-versions.mjs';
import { pack } from './pack.mjs';
import { PackageProject, projectNames } from './package-project.mjs';

// Installs the packed tarball in each project of test/package, runs it with each version of Node, and prints a table.
//
//   node scripts/matrix.mjs [corners]
//
// The server is the package's own (`npx nestjs-etcd serve`), so these runs say nothing of versions of etcd. What is tested with
// real servers (`npm test`) is tested with the one etcd that is installed, 3.4.23 at the time of writing.

/** What is run where time is short: the oldest and the newest Node, and the defaults of either Nest. */
const corners = {
  nodes: [nodeVersions[0], nodeVersions.at(-1)],
  projects: ['client-only', 'nest-11-cjs', 'nest-12-esm'],
};
const { nodes: chosen, projects: names } =
  process.argv[2] === 'corners' ? corners : { nodes: nodeVersions, projects: projectNames };

// An interruption ends what runs now; after that, the server has to be ended too, which is in a process group of its own.
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => interruption.abort(new Error(`Interrupted by ${signal}`)));

/** @param {() => unknown} work @returns {Promise<string>} A cell of the table. */
async function attempt(work) {
  interruption.signal.throwIfAborted();
  const begin = performance.now();
  try {
    await work();
    return `ok ${((performance.now() - begin) / 1_000).toFixed(1)} s`;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
    return 'FAILED';
  }
}

/** @param {string[][]} lines */
function print(lines) {
  for (const [first, ...cells] of lines)
    console.log(first.padEnd(12) + cells.map((cell) => cell.padEnd(14)).join(''));
}

const directory = mkdtempSync(join(tmpdir(), 'nestjs-etcd-pack-'));
/** @type {PackageProject[]} */
const projects = [];
try {
  installDependencies();
  const nodes = chosen.map((version) => installNode(version));
  const { tarball, size, unpackedSize } = pack(directory);
  const kilobytes = [size, unpackedSize].map((bytes) => `${Math.round(bytes / 1_000)} kB`);
  console.log(`The package: ${kilobytes[0]}, unpacked ${kilobytes[1]}`);
  const lines = [['', ...names], ['install'], ...nodes.map(({ version }) => [version])];
  for (const name of names) {
    const project = new PackageProject(name);
    projects.push(project);
    const installed = await attempt(() => project.install(tarball));
    lines[1].push(installed);
    for (const [i, { binary }] of nodes.entries())
      lines[i + 2].push(installed === 'FAILED' ? '-' : await attempt(() => project.test(binary)));
    console.log(`${name}: ${project.versions().join(', ')}`);
  }
  print(lines);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  for (const project of projects) project.remove();
  rmSync(directory, { recursive: true, force: true });
}
