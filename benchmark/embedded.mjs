import { fileURLToPath } from 'node:url';

import { startEtcd } from './support/etcd.mjs';
import { ensureBuilt } from './support/library.mjs';
import { readOptions } from './support/options.mjs';
import { median, runRounds } from './support/rounds.mjs';
import { printLines, printTable, whole } from './support/table.mjs';
import { startWorker } from './support/worker.mjs';

// The embedded server beside a real etcd: GET and PUT of 100 bytes; and what it costs to have many keys, watchers and
// TTLs. Each server has a process of its own, and each one that asks has another one.
//
//   npm run benchmark:embedded -- [--quick] [--seconds N] [--rounds N] [--keys N] [--watchers N]

const options = readOptions({ keys: { type: 'string' }, watchers: { type: 'string' } });
const { seconds, rounds, quick } = options;
const many = Number(options.keys ?? (quick ? 10_000 : 100_000));
const crowd = Number(options.watchers ?? (quick ? 1_000 : 10_000));
const program = (name) => fileURLToPath(new URL(`servers/${name}.mjs`, import.meta.url));

ensureBuilt();
const workers = [];
const etcd = await startEtcd();
try {
  const server = await start('embedded', 'embedded');
  const { url, milliseconds } = await server.ask({ task: 'start' });
  console.log(`from the start to the first answer: ${milliseconds.toFixed(1)} ms, loading left out`);
  const load = await start('load of the embedded server', 'load', url);
  await compare(load, await start('load of etcd', 'load', etcd.url));
  await measureSizes(load);
  await measureStalls(server, load);
  await measureCrowd(server, load);
} finally {
  for (const worker of workers) worker.close();
  await etcd.stop();
}

async function start(name, file, ...args) {
  const worker = await startWorker(name, program(file), args);
  workers.push(worker);
  return worker;
}

async function compare(embedded, real) {
  const contenders = [
    { name: 'EmbeddedEtcd', run: embedded.ask },
    { name: 'etcd', run: real.ask },
  ];
  const verdicts = [];
  for (const operation of ['put', 'get']) {
    for (const inFlight of [1, 16, 64]) {
      const rows = await runRounds(contenders, 'etcd', { operation, inFlight, seconds }, rounds);
      const title = `${operation.toUpperCase()}, ${inFlight} in flight`;
      printTable(title, rows);
      const [{ ratio }] = rows;
      verdicts.push(
        `${ratio >= 1 ? 'reached' : 'missed '}  ${title}: ${ratio.toFixed(2)} of etcd's (at least 1.00)`,
      );
    }
  }
  console.log(`\nTargets, in this run:\n${verdicts.join('\n')}`);
}

/** What a PUT costs, in µs, with more and more elsewhere. */
async function measureSizes(load) {
  const cost = async () => {
    const costs = [];
    for (let round = 0; round < rounds; round++) {
      const { opsPerSecond } = await load.ask({ operation: 'put', inFlight: 16, seconds });
      costs.push(1e6 / opsPerSecond);
    }
    return [median(costs).toFixed(1)];
  };
  const lines = [['alone', ...(await cost())]];
  let made = 0;
  for (const count of [1_000, 10_000, 100_000].filter((each) => each <= many)) {
    await load.ask({ task: 'fill', directory: '/v2/keys/many', from: made, count: count - made });
    made = count;
    lines.push([`${whole(count)} keys elsewhere`, ...(await cost())]);
  }
  await load.ask({ task: 'watch', target: '/v2/keys/other?wait=true&stream=true', count: 1_000 });
  lines.push(['and 1,000 watchers', ...(await cost())]);
  await load.ask({ task: 'unwatch' });
  await load.ask({ task: 'fill', directory: '/v2/keys/ttl', count: 10_000, form: 'value=x&ttl=5000' });
  lines.push(['and 10,000 TTLs', ...(await cost())]);
  printLines('PUT, 16 in flight', ['µs each'], lines);
}

async function measureStalls(server, load) {
  const lines = [];
  const measure = async (title, action) => {
    await server.ask({ task: 'beginStall' });
    const { milliseconds } = await action();
    lines.push([title, (await server.ask({ task: 'stall' })).toFixed(1), milliseconds?.toFixed(0)]);
  };
  const ask = (method, target, form) => load.ask({ task: 'ask', method, target, form });
  const list = () => ask('GET', '/v2/keys/many?recursive=true&sorted=true');
  await measure('nothing', () => ask('GET', '/version'));
  // The first listing is compiled while it runs.
  await measure('listed, first time', list);
  await measure('listed again', list);
  await measure('deleted', () => ask('DELETE', '/v2/keys/many?recursive=true'));
  await load.ask({ task: 'fill', directory: '/v2/keys/many', count: many });
  await measure('expired', async () => {
    await ask('PUT', '/v2/keys/many', 'dir=true&prevExist=true&ttl=1');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return {};
  });
  printLines(`${whole(many)} keys at once`, ['longest stall, ms', 'answer, ms'], lines);
}

async function measureCrowd(server, load) {
  const before = await server.ask({ task: 'memory' });
  await load.ask({ task: 'watch', target: '/v2/keys/crowd?wait=true&stream=true', count: crowd });
  const grown = (await server.ask({ task: 'memory' })) - before;
  const times = [];
  for (let round = 0; round < rounds; round++)
    times.push(await load.ask({ task: 'deliver', target: '/v2/keys/crowd' }));
  const each = ((grown * 1_024) / crowd).toFixed(1);
  console.log(
    `\n${whole(crowd)} watchers of one key: ${median(times).toFixed(0)} ms to the last of them, ${each} KiB each`,
  );
}
