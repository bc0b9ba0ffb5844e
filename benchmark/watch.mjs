import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { startEtcd } from './support/etcd.mjs';
import { ensureBuilt } from './support/library.mjs';
import { installNodeEtcd } from './support/node-etcd.mjs';
import { readOptions, wholeNumber } from './support/options.mjs';
import { playRounds } from './support/rounds.mjs';
import { startWatcher, startWriter } from './support/watch/contender.mjs';
import { printRows, toRows } from './support/watch/rows.mjs';
import { checkTargets } from './support/watch/targets.mjs';

// What watchers of one busy directory are told, what that costs them and how late it comes, side by side with other
// ways to watch.
//
//   npm run benchmark:watch -- [--quick] [--rounds N] [--keys N] [--in-flight N,N] [--build DIRECTORY]
//
// --in-flight takes other numbers of writers, and --build adds another build of this package (its `dist`). With
// `node --cpu-prof --cpu-prof-dir=DIRECTORY benchmark/watch.mjs`, each process leaves a profile.

const own = 'nestjs-etcd';
const longPoll = 'long poll';
const stream = 'stream';

const options = readOptions({
  keys: { type: 'string' },
  'in-flight': { type: 'string', default: '1,16,64,128' },
  build: { type: 'string' },
});
const { rounds, quick, build } = options;
const keys = wholeNumber('keys', options.keys ?? (quick ? 5_000 : 20_000));
const rates = options['in-flight'].split(',').map((rate) => wholeNumber('in-flight', rate));
ensureBuilt();
const { url, stop } = await startEtcd();
const workers = [];
try {
  const watchers = await startWatchers();
  // Code is compiled before anything counts.
  await playRounds(watchers, { inFlight: 16, keys: 2_000 }, 1);
  const verdicts = [];
  for (const inFlight of rates) {
    const title = `${inFlight} in flight`;
    const rows = toRows(await playRounds(watchers, { inFlight, keys }, rounds), longPoll);
    printRows(title, rows);
    verdicts.push(...checkTargets(title, inFlight, rows, { own, longPoll, stream }));
  }
  console.log(`\nTargets, in this run:\n${verdicts.join('\n')}`);
} finally {
  for (const worker of workers) worker.close();
  await stop();
}

async function startWatchers() {
  const writer = await startWriter({ url, connections: Math.max(...rates) });
  workers.push(writer);
  const watchers = [];
  const start = async (name, file, target = {}) => {
    const watcher = await startWatcher(name, file, { url, ...target }, writer);
    workers.push(watcher);
    watchers.push(watcher);
  };
  await start(own, 'nestjs-etcd.mjs');
  if (build !== undefined)
    await start(`${own}, other build`, 'nestjs-etcd.mjs', {
      build: pathToFileURL(`${resolve(build)}/`).href,
    });
  await start(longPoll, 'long-poll.mjs');
  await start(stream, 'stream.mjs');
  const { directory, problem } = installNodeEtcd();
  if (problem === undefined) await start('node-etcd 7', 'node-etcd.mjs', { directory });
  else console.log(`node-etcd is left out: ${problem}`);
  return watchers;
}
