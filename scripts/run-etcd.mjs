import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { endProcess, freePort, spawnEtcd } from './etcd-process.mjs';
import { findEtcd } from './find-etcd.mjs';

/**
 * Starts one etcd with the v2 API, in a temporary directory and on free loopback ports, and resolves once it answers.
 *
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>} `stop` ends it and removes what it has written.
 */
export async function runEtcd() {
  const directory = mkdtempSync(join(tmpdir(), 'nestjs-etcd-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const etcd = spawnEtcd(findEtcd({ install: true }), [
    '--enable-v2',
    '--name=m0',
    `--data-dir=${join(directory, 'data')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=m0=${peer}`,
    '--log-level=error',
  ]);
  let log = '';
  etcd.stdout.resume();
  etcd.stderr.on('data', (chunk) => (log = `${log}${chunk}`.slice(-4_096)));
  const stop = async () => {
    await endProcess(etcd);
    rmSync(directory, { recursive: true, force: true });
  };
  while (etcd.exitCode === null && etcd.signalCode === null) {
    const answer = await fetch(`${url}/health`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return { url, stop };
    await sleep(50);
  }
  await stop();
  throw new Error(`etcd did not start:\n${log}`);
}
