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
const sample = join(root, 'sample', '01-quickstart');

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
  return sources.some((name) => statSync(join(root, 'lib', name)).mtimeMs > mtimeMs);
}

function buildEverything() {
  if (isStale()) {
    console.log('Building the library');
    build();
  }
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', sample], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('The sample does not compile, see above');
}

/**
 * Whether the sample has begun to answer; false when it has ended first.
 *
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} app
 */
async function isAnswering(url, app) {
  while (app.exitCode === null && app.signalCode === null) {
    const answer = await fetch(url).catch(() => undefined);
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
  const app = spawn(process.execPath, [join(sample, 'dist', 'main.js')], {
    stdio: 'inherit',
    env: { ...process.env, ETCD_HOSTS: hosts, PORT: String(port) },
  });
  const ended = once(app, 'exit');
  const end = () => void endProcess(app, { grace: 10_000 });
  interrupted.addEventListener('abort', end);
  if (interrupted.aborted) end();

  const url = `http://127.0.0.1:${port}`;
  if (await isAnswering(`${url}/cluster/leader`, app)) {
    console.log(`
The quickstart listens on ${url} (${etcd === undefined ? 'etcd' : 'embedded etcd'}: ${hosts}). In another terminal:

  curl -X PUT ${url}/keys/greeting -H 'content-type: application/json' -d '{"value":"hello"}'
  curl ${url}/keys/greeting
  curl ${url}/jobs
  npm start    # a second process, which takes the job over when this one ends

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
