import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { build } from './build.mjs';
import { endProcess, freePort, isFree } from './etcd-process.mjs';
import { installDependencies } from './install-dependencies.mjs';
import { joinEtcd } from './shared-etcd.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What can be started, by the argument of this script. */
const samples = {
  'control-room': {
    directory: join(root, 'sample', '02-control-room'),
    answers: '/',
    /** Its own etcd holds nothing to look at, and somebody's is left alone. */
    environment: { DEMO: 'on' },
    /** @param {string} url @param {string} hosts */
    tell: (url, hosts) => `

  Open it in a browser:  ${url}
  Write from outside:    curl -X PUT ${hosts.split(',')[0]}/v2/keys/greeting -d value=hello
  A second one:          npm start, in another terminal`,
  },
  quickstart: {
    directory: join(root, 'sample', '01-quickstart'),
    answers: '/cluster/leader',
    environment: {},
    /** @param {string} url */
    tell: (url) => ` In another terminal:

  curl -X PUT ${url}/keys/greeting -H 'content-type: application/json' -d '{"value":"hello"}'
  curl ${url}/keys/greeting
  curl ${url}/jobs
  npm run start:quickstart    # a second process, which takes the job over when this one ends`,
  },
  worker: {
    directory: join(root, 'sample', '03-worker'),
    /** It has no HTTP. */
    answers: undefined,
    environment: {},
    tell: () => ` In other terminals:

  npm run start:worker    # a second worker
  npm start               # the control room, which shows their keys and locks`,
  },
  'feature-flags': {
    directory: join(root, 'sample', '04-feature-flags'),
    answers: '/flags',
    environment: {},
    /** @param {string} url @param {string} hosts */
    tell: (url, hosts) => ` In another terminal:

  curl ${url}/shop/price
  curl -X PUT ${hosts.split(',')[0]}/v2/keys/flags/shop/discount -d value=20
  curl ${url}/shop/price`,
  },
};
const name = process.argv[2] ?? 'control-room';
if (!Object.hasOwn(samples, name)) {
  console.error(`There is no sample '${name}': ${Object.keys(samples).join(', ')}`);
  process.exit(1);
}
const sample = samples[/** @type {keyof typeof samples} */ (name)];

const interruption = new AbortController();
const hurry = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => (interruption.signal.aborted ? hurry.abort() : interruption.abort()));
const { signal: interrupted } = interruption;

/** Whether `dist/` is missing, or older than a file below `lib/`. */
function isStale() {
  const built = join(root, 'dist', 'cjs', 'package.json');
  if (!existsSync(built)) return true;
  const { mtimeMs } = statSync(built);
  const sources = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' });
  return sources.some((source) => statSync(join(root, 'lib', source)).mtimeMs > mtimeMs);
}

function buildEverything() {
  if (isStale()) {
    console.log('Building the library');
    build();
  }
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', sample.directory], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('The sample does not compile, see above');
}

/**
 * Whether the sample has begun to answer; false when it has ended first.
 *
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} app
 */
async function isServing(url, app) {
  if (sample.answers === undefined) return true;
  while (app.exitCode === null && app.signalCode === null) {
    const answer = await fetch(`${url}${sample.answers}`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer) return true;
    await sleep(50);
  }
  return false;
}

/**
 * Runs the sample until it ends by itself or is interrupted, and resolves to the exit code.
 *
 * @param {string} hosts
 */
async function runSample(hosts) {
  const wanted = Number(process.env.PORT ?? 3000);
  const port = (await isFree(wanted)) ? wanted : await freePort();
  const app = spawn(process.execPath, [join(sample.directory, 'dist', 'main.js')], {
    stdio: 'inherit',
    env: { ...process.env, ...(etcd && sample.environment), ETCD_HOSTS: hosts, PORT: String(port) },
  });
  const ended = once(app, 'exit');
  const end = () => void endProcess(app, { grace: 10_000 });
  interrupted.addEventListener('abort', end);
  if (interrupted.aborted) end();

  const url = `http://127.0.0.1:${port}`;
  if (await isServing(url, app)) {
    console.log(`
The ${name} ${sample.answers === undefined ? 'runs' : `listens on ${url}`} (${etcd === undefined ? 'etcd' : 'embedded etcd'}: ${hosts}).${sample.tell(url, hosts)}

Ctrl-C stops it.
`);
  }
  const [code] = await ended;
  return interrupted.aborted ? 0 : (code ?? 1);
}

/** @type {Awaited<ReturnType<typeof joinEtcd>> | undefined} */
let etcd;
try {
  installDependencies();
  buildEverything();
  etcd = process.env.ETCD_HOSTS ? undefined : await joinEtcd();
  if (etcd?.isJoined) console.log(`Joins the etcd of another \`npm start\`: ${etcd.url}`);
  process.exitCode = await runSample(etcd?.url ?? process.env.ETCD_HOSTS);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  if (etcd?.isShared())
    console.log(
      'The sample has ended. Its etcd stays until the others that use it have ended; Ctrl-C stops it now.',
    );
  await etcd?.stop(hurry.signal);
}
