import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { startContender } from './support/contender.mjs';
import { startEtcd } from './support/etcd.mjs';
import { ensureBuilt } from './support/library.mjs';
import { installNodeEtcd } from './support/node-etcd.mjs';
import { readOptions } from './support/options.mjs';
import { runRounds } from './support/rounds.mjs';
import { printTable } from './support/table.mjs';
import { checkTargets } from './support/targets.mjs';
import { findWrk } from './support/wrk.mjs';

// GET and PUT of 100 bytes against one member, side by side with other ways to do it.
//
//   npm run benchmark -- [--quick] [--seconds N] [--rounds N] [--build DIRECTORY]
//
// --build adds another build of this package (its `dist`), to compare a change with what was before it.

/** The client's default, and the same for everybody who can be told. */
const connections = 32;

const { seconds, rounds, build } = readOptions({ build: { type: 'string' } });
ensureBuilt();
const etcd = await startEtcd();
const contenders = [];
try {
  await startContenders();
  const verdicts = [];
  for (const operation of ['get', 'put']) {
    for (const inFlight of [1, 16, 128]) {
      const rows = await runRounds(contenders, 'undici.request', { operation, inFlight, seconds }, rounds);
      const title = `${operation.toUpperCase()}, ${inFlight} in flight`;
      printTable(title, rows);
      verdicts.push(...checkTargets(title, inFlight, rows));
    }
  }
  console.log(`\nTargets, in this run:\n${verdicts.join('\n')}`);
} finally {
  for (const contender of contenders) contender.close();
  await etcd.stop();
}

async function startContenders() {
  const target = { url: etcd.url, connections };
  const start = async (...args) => contenders.push(await startContender(...args));
  await start('nestjs-etcd', 'nestjs-etcd.mjs', target);
  if (build !== undefined) {
    const other = pathToFileURL(`${resolve(build)}/`).href;
    await start('nestjs-etcd, other build', 'nestjs-etcd.mjs', { ...target, build: other });
  }
  await start('undici.request', 'undici-request.mjs', target);
  await start('undici.dispatch', 'undici-dispatch.mjs', target);
  const { directory, problem } = installNodeEtcd();
  if (problem === undefined) await start('node-etcd 7', 'node-etcd.mjs', { ...target, directory });
  else console.log(`node-etcd is left out: ${problem}`);
  const wrk = findWrk(target);
  if (wrk !== undefined) contenders.push(wrk);
  else console.log('wrk is left out: it is not on PATH');
  // The first write makes the key that is read.
  await contenders[0].run({ operation: 'put', inFlight: 1, seconds: 0.01 });
}
