import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';

/** Every etcd this process has started and that still runs. */
const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** @type {boolean | undefined} */
let canBindToParent;

/**
 * Starts etcd so that it cannot outlive this process. Linux kills it with its parent, however the parent ends
 * (`setpriv` replaces itself by etcd, so the child's pid is etcd's); elsewhere an exit handler does.
 *
 * @param {string} binary
 * @param {string[]} args
 */
export function spawnEtcd(binary, args) {
  canBindToParent ??=
    process.platform === 'linux' && spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0;
  const [command, ...words] = canBindToParent
    ? ['setpriv', '--pdeathsig', 'KILL', binary, ...args]
    : [binary, ...args];
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

/**
 * Ends a process and resolves when it is gone: SIGTERM first, SIGKILL when it has not obeyed in time.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {{ signal?: NodeJS.Signals, grace?: number }} [options] `grace` is in milliseconds.
 * @returns {Promise<void>}
 */
export async function endProcess(child, { signal = 'SIGTERM', grace = 5_000 } = {}) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  // A stopped process receives SIGTERM only after it has been continued.
  child.kill('SIGCONT');
  const timer = setTimeout(() => child.kill('SIGKILL'), grace);
  await gone;
  clearTimeout(timer);
}

/** @param {number} port @returns {Promise<boolean>} */
export function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Ports given out by this process, which may not be in use yet. */
const given = new Set();

/**
 * A free loopback port from below the range that systems hand out to outgoing connections: a server that is
 * stopped and started again on its port must not find it taken by somebody's client socket. Each of jest's workers
 * has a part of that range, because a port is free until its server has started.
 *
 * @returns {Promise<number>}
 */
export async function freePort() {
  const lane = Number(process.env['JEST_WORKER_ID'] ?? 0) % 10;
  for (;;) {
    const port = 15_000 + lane * 1_500 + Math.floor(Math.random() * 1_500);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}
