import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { endProcess, freePort, spawnEtcd } from './etcd-process.mjs';
import { findEtcd } from './find-etcd.mjs';

/** How long etcd may take to answer, in milliseconds. */
const patience = 60_000;

/**
 * Starts one etcd with the v2 API, in a temporary directory and on free loopback ports, and resolves once it answers.
 *
 * @param {object} [options]
 * @param {string} [options.parent] Where the directory is made.
 * @param {'http' | 'https'} [options.scheme]
 * @param {(directory: string) => string[]} [options.args] Further arguments; they may need files of the directory.
 * @param {(url: string, directory: string) => Promise<boolean>} [options.isServing]
 * @returns {Promise<{ url: string, directory: string, stop: () => Promise<void> }>} `stop` ends it and removes what it
 *   has written; so does the end of this process.
 */
export async function runEtcd(options = {}) {
  const { parent = tmpdir(), scheme = 'http', args = () => [], isServing = answersHealth } = options;
  const binary = findEtcd({ install: true });
  const directory = mkdtempSync(join(parent, 'nestjs-etcd-'));
  const url = `${scheme}://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const etcd = spawnEtcd(binary, [
    '--enable-v2',
    '--name=m0',
    `--data-dir=${join(directory, 'data')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=m0=${peer}`,
    '--log-level=error',
    ...args(directory),
  ]);
  let log = '';
  etcd.stdout.resume();
  etcd.stderr.on('data', (chunk) => (log = `${log}${chunk}`.slice(-4_096)));
  const clean = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', clean);
  const stop = async () => {
    await endProcess(etcd);
    process.off('exit', clean);
    clean();
  };
  const end = Date.now() + patience;
  while (etcd.exitCode === null && etcd.signalCode === null && Date.now() < end) {
    if (await isServing(url, directory)) return { url, directory, stop };
    await sleep(50);
  }
  await stop();
  throw new Error(`${binary} did not start within ${patience / 1_000} s:\n${log}`);
}

/** @param {string} url */
export async function answersHealth(url) {
  const answer = await fetch(`${url}/health`).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok === true;
}
