import { startContender } from './support/contender.mjs';
import { startEtcd } from './support/etcd.mjs';
import { installDependencies } from '../scripts/install-dependencies.mjs';
import { readOptions } from './support/options.mjs';
import { runRounds } from './support/rounds.mjs';
import { printTable } from './support/table.mjs';

// HTTP/1.1 and HTTP/2 over TLS, both with undici's `request()`, against one member: why the client speaks HTTP/1.1.
// etcd speaks HTTP/2 only over TLS.
//
//   node benchmark/http2.mjs [--quick] [--seconds N] [--rounds N]

const baseline = 'HTTP/1.1, 32 connections';

const { seconds, rounds } = readOptions();
installDependencies();
const { url, ca, stop } = await startEtcd({ tls: true });
const contenders = [];
try {
  const start = async (name, options) =>
    contenders.push(await startContender(name, 'undici-request.mjs', { url, ca, ...options }));
  await start(baseline, { connections: 32 });
  await start('HTTP/2, 1 connection', { connections: 1, allowH2: true, pipelining: 128 });
  await start('HTTP/2, 8 connections', { connections: 8, allowH2: true, pipelining: 16 });
  for (const operation of ['put', 'get']) {
    for (const inFlight of [1, 16, 128]) {
      const rows = await runRounds(contenders, baseline, { operation, inFlight, seconds }, rounds);
      printTable(`${operation.toUpperCase()} over TLS, ${inFlight} in flight`, rows);
    }
  }
} finally {
  for (const contender of contenders) contender.close();
  await stop();
}
