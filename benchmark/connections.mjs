import { startContender } from './support/contender.mjs';
import { startEtcd } from './support/etcd.mjs';
import { ensureBuilt } from './support/library.mjs';
import { readOptions } from './support/options.mjs';
import { runRounds } from './support/rounds.mjs';
import { printTable } from './support/table.mjs';

// How the option `connections` matters when more is in flight than there are connections. Ratios are over 32, the
// default. 128 connections are as good as no limit here.
//
//   node benchmark/connections.mjs [--quick] [--seconds N] [--rounds N]

const inFlight = 128;
const { seconds, rounds } = readOptions();
ensureBuilt();
const { url, stop } = await startEtcd();
const contenders = [];
try {
  for (const connections of [8, 16, 32, 64, inFlight]) {
    const name = `${connections} connections`;
    contenders.push(await startContender(name, 'nestjs-etcd.mjs', { url, connections }));
  }
  for (const operation of ['put', 'get']) {
    const rows = await runRounds(contenders, '32 connections', { operation, inFlight, seconds }, rounds);
    printTable(`${operation.toUpperCase()}, ${inFlight} in flight`, rows);
  }
} finally {
  for (const contender of contenders) contender.close();
  await stop();
}
