import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { ensureBuilt } from './support/library.mjs';
import { readOptions } from './support/options.mjs';
import { median } from './support/rounds.mjs';
import { printLines } from './support/table.mjs';

// What the module adds to the start of an empty Nest application: the same application without and with it, each start in a
// process of its own, in turns. Nothing of etcd runs: the module connects with its first request. Medians, and the least of each
// figure, which the machine's other work falsifies least.
//
//   node benchmark/startup.mjs [--quick] [--rounds N] [--with DIRECTORY]
//
// --with measures another build in place of `dist/`.

const file = fileURLToPath(import.meta.url);
const targets = { time: 15, memory: 6 };
const figures = ['time', 'cpu', 'rss', 'heap'];
const bareName = 'bare';
const kinds = [bareName, 'EtcdModule', 'undici alone'];

if (process.argv[2] === '--start') await start(process.argv[3], process.argv[4]);
else main();

/** Starts the application, and prints what that has cost since the process began. */
async function start(kind, build) {
  await import('reflect-metadata');
  const { Module } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const imports = [];
  if (kind === 'undici alone') await import('undici');
  if (kind === 'EtcdModule') {
    const { EtcdModule } = await import(new URL('esm/index.js', build).href);
    imports.push(EtcdModule.forRoot({ hosts: 'http://127.0.0.1:2379' }));
  }
  function AppModule() {}
  Module({ imports })(AppModule);
  const app = await NestFactory.create(AppModule, { logger: false });
  await app.init();
  const time = performance.now();
  // Of a shared machine, it says more than the clock.
  const { user, system } = process.cpuUsage();
  const cpu = (user + system) / 1_000;
  const rss = process.memoryUsage.rss() / 1e6;
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  console.log(JSON.stringify({ time, cpu, rss, heap: (heapUsed + external) / 1e6 }));
  await app.close();
}

function main() {
  const { quick, rounds: given, with: other } = readOptions({ with: { type: 'string' } });
  if (other === undefined) ensureBuilt();
  const rounds = process.argv.includes('--rounds') ? given : quick ? 9 : 31;
  const directory = resolve(other ?? fileURLToPath(new URL('../dist', import.meta.url)));
  const build = pathToFileURL(`${directory}/`).href;
  const results = new Map(kinds.map((kind) => [kind, []]));
  // The first starts fill the caches of the file system.
  for (const kind of kinds) measure(kind, build);
  for (let round = 0; round < rounds; round++)
    for (const kind of kinds) results.get(kind).push(measure(kind, build));

  const values = (kind, figure) => results.get(kind).map((result) => result[figure]);
  const over = (kind, figure) =>
    median(values(kind, figure).map((value, i) => value - results.get(bareName)[i][figure]));
  const least = (kind, figure) => Math.min(...values(kind, figure));
  print('Medians', (kind, figure) => median(values(kind, figure)), over);
  print('The least', least, (kind, figure) => least(kind, figure) - least(bareName, figure));
  const [time, cpu, rss, heap] = figures.map((figure) => over('EtcdModule', figure));
  console.log(`
Targets, in this run (medians of ${rounds} starts, node ${process.version}):
under ${targets.time} ms over the bare one: ${verdict(time, targets.time, 'ms')}; CPU ${verdict(cpu, targets.time, 'ms')}
under ${targets.memory} MB over the bare one: RSS ${verdict(rss, targets.memory, 'MB')}; heap after a collection ${verdict(heap, targets.memory, 'MB')}`);
}

/** Prints a table of all kinds: each figure, and by how much it is over that of the bare application. */
function print(title, of, over) {
  const cells = (kind) =>
    figures.flatMap((figure) => [
      of(kind, figure).toFixed(1),
      kind === bareName ? '' : signed(over(kind, figure)),
    ]);
  const lines = kinds.map((kind) => [kind].concat(cells(kind)));
  printLines(title, ['ms', 'over', 'CPU ms', 'over', 'RSS MB', 'over', 'heap MB', 'over'], lines);
}

function signed(value) {
  return `${value < 0 ? '' : '+'}${value.toFixed(1)}`;
}

function verdict(value, target, unit) {
  return `${value < target ? 'reached' : 'MISSED'} (${value.toFixed(1)} ${unit})`;
}

function measure(kind, build) {
  const out = execFileSync(process.execPath, ['--expose-gc', file, '--start', kind, build], {
    encoding: 'utf8',
  });
  return JSON.parse(out);
}
