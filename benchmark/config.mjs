import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { startEtcd } from './support/etcd.mjs';
import { ensureBuilt } from './support/library.mjs';
import { readOptions, wholeNumber } from './support/options.mjs';

// What a configuration costs: loading it, how late a change in etcd reaches an `@EtcdValue`, and a read of that.
//
//   node benchmark/config.mjs [--quick] [--keys N] [--build DIRECTORY]
//
// --build takes another build of this package (its `dist`).

const options = readOptions({ keys: { type: 'string', default: '10000' }, build: { type: 'string' } });
const { quick, build } = options;
const keys = wholeNumber('keys', options.keys);
const changes = quick ? 50 : 300;
const reads = quick ? 5e6 : 5e7;
/** The figures that were asked for, in ms. */
const longestLoad = 2_000;
const longestDelay = 20;

if (build === undefined) ensureBuilt();
const root = build === undefined ? new URL('../dist/', import.meta.url) : pathToFileURL(`${resolve(build)}/`);
// Nest has to find it before the first decorator is called.
await import('reflect-metadata');
const { EtcdClient, EtcdConfigModule, EtcdConfigService, EtcdModule, EtcdValue } = await import(
  new URL('esm/index.js', root).href
);
const { Module } = await import('@nestjs/common');
const { NestFactory } = await import('@nestjs/core');
const { z } = await import('zod');

const { url, stop } = await startEtcd();
const etcd = new EtcdClient({ hosts: url });
try {
  await fill();
  await measureLoading('without a schema', {});
  const service = z.object({ port: z.number(), host: z.string(), isOn: z.boolean(), note: z.string() });
  const schema = z.object({ services: z.record(z.string(), service), flag: z.number() });
  await measureLoading('with a schema of zod', { schema });
  await measureChanges('without a schema', {});
  await measureChanges('with a schema of zod', { schema });
} finally {
  await etcd.close();
  await stop();
}

async function fill() {
  const values = { port: '8080', host: 'db-1.example', isOn: 'true', note: 'some text of a note' };
  const files = [];
  for (let i = 0; files.length < keys - 1; i++)
    for (const [name, text] of Object.entries(values)) files.push([`/config/services/s${i}/${name}`, text]);
  const write = async () => {
    for (let file = files.pop(); file !== undefined; file = files.pop()) await etcd.set(...file);
  };
  await Promise.all(Array.from({ length: 32 }, write));
  await etcd.set('/config/flag', '0');
}

async function measureLoading(title, more) {
  const times = [];
  for (let i = 0; i < (quick ? 3 : 9); i++) {
    // Each with a client of its own, as a process that starts.
    const client = new EtcdClient({ hosts: url });
    const from = performance.now();
    const config = client.config('/config', more);
    await config.ready;
    times.push(performance.now() - from);
    await config.close();
    await client.close();
  }
  print(
    `load ${keys} keys, ${title}`,
    median(times),
    longestLoad,
    `slowest ${Math.max(...times).toFixed(0)}`,
  );
}

/** How late a change is seen in a property, from before it is written: the write itself counts as well. */
async function measureChanges(title, more) {
  const Flags = newClass();
  EtcdValue('/flag', { default: 0 })(Flags.prototype, 'flag');
  const App = newClass();
  Module({
    imports: [
      EtcdModule.forRoot({ hosts: url, isGlobal: true }),
      EtcdConfigModule.forRoot({ prefix: '/config', ...more }),
    ],
    providers: [Flags],
  })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const flags = app.get(Flags);
  const config = app.get(EtcdConfigService);
  const [delays, writes] = [[], []];
  for (let i = 1; i <= changes; i++) {
    const seen = new EventTarget();
    const heard = once(seen, 'seen');
    const subscription = config.changes$.subscribe(() => {
      if (flags.flag === i) seen.dispatchEvent(new Event('seen'));
    });
    const from = performance.now();
    const writing = etcd.set('/config/flag', String(i)).then(() => writes.push(performance.now() - from));
    await heard;
    delays.push(performance.now() - from);
    await writing;
    subscription.unsubscribe();
  }
  const alone = `the write alone ${median(writes).toFixed(2)}, p99 ${percentile(delays, 0.99).toFixed(1)}`;
  print(`change of 1 of ${keys} keys, ${title}`, median(delays), longestDelay, alone);
  if (more.schema === undefined) measureReads(flags, { flag: flags.flag });
  await app.close();
}

/** This file is not compiled, and has no decorators. */
function newClass() {
  return class {
    flag = undefined;
  };
}

function measureReads(flags, plain) {
  const time = (object) => {
    let sum = 0;
    const from = process.hrtime.bigint();
    for (let i = 0; i < reads; i++) sum += object.flag;
    const nanoseconds = Number(process.hrtime.bigint() - from);
    if (sum !== reads * object.flag) throw new Error('It has changed meanwhile');
    return nanoseconds / reads;
  };
  time(plain);
  time(flags);
  console.log(
    `read of an @EtcdValue: ${time(flags).toFixed(2)} ns, of a plain property ${time(plain).toFixed(2)} ns`,
  );
}

function print(what, milliseconds, most, more) {
  const reached = milliseconds <= most ? 'reached' : 'missed ';
  console.log(`${reached}  ${what}: ${milliseconds.toFixed(2)} ms (at most ${most}; ${more})`);
}

function median(numbers) {
  return percentile(numbers, 0.5);
}

function percentile(numbers, part) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}
