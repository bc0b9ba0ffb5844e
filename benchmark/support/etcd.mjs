import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { endProcess, freePort, spawnEtcd } from '../../scripts/etcd-process.mjs';
import { findEtcd } from '../../scripts/find-etcd.mjs';

/**
 * Starts one member on free loopback ports, and resolves once it answers. Its data are kept in memory where that is
 * possible: the clients are what is measured, not the disk below etcd's log.
 *
 * @param {{ tls?: boolean }} [options]
 * @returns {Promise<{ url: string, ca: string | undefined, stop: () => Promise<void> }>}
 */
export async function startEtcd({ tls = false } = {}) {
  // Not at the top: on a fresh clone it is installed only after this file has been loaded.
  const { Agent, request } = await import('undici');
  const directory = mkdtempSync(join(memory() ?? tmpdir(), 'nestjs-etcd-benchmark-'));
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${await freePort()}`;
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
    '--max-wals=1',
    '--max-snapshots=1',
    '--log-level=error',
    ...(tls ? issueCertificate(directory) : []),
  ]);
  let log = '';
  etcd.stdout.resume();
  etcd.stderr.on('data', (chunk) => (log = `${log}${chunk}`.slice(-4_096)));
  const ca = tls ? readFileSync(join(directory, 'cert.pem'), 'utf8') : undefined;
  const dispatcher = new Agent({ connect: { ca } });
  const clean = () => rmSync(directory, { recursive: true, force: true });
  // An interrupt must not leave the data behind, which may be in memory.
  process.once('exit', clean);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  const stop = async () => {
    await endProcess(etcd);
    clean();
  };
  try {
    while (etcd.exitCode === null && etcd.signalCode === null) {
      const answer = await request(`${url}/health`, { dispatcher }).catch(() => undefined);
      await answer?.body.dump();
      if (answer?.statusCode === 200) return { url, ca, stop };
      await sleep(50);
    }
  } finally {
    await dispatcher.destroy();
  }
  await stop();
  throw new Error(`etcd did not start:\n${log}`);
}

/** A file system in memory with room for etcd's log, which takes 64 MB at a time. */
function memory() {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > 1e9 ? '/dev/shm' : undefined;
  } catch {
    return undefined;
  }
}

/** A certificate that is its own authority. */
function issueCertificate(directory) {
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  return [`--cert-file=${cert}`, `--key-file=${key}`];
}
