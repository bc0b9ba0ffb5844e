import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { memoryDirectory } from '../../scripts/memory.mjs';
import { runEtcd } from '../../scripts/run-etcd.mjs';

/**
 * Starts one member on free loopback ports, and resolves once it answers. Its data are kept in memory where that is
 * possible: the clients are what is measured, not the disk below etcd's log.
 *
 * @param {{ tls?: boolean }} [options]
 * @returns {Promise<{ url: string, ca: string | undefined, stop: () => Promise<void> }>}
 */
export async function startEtcd({ tls = false } = {}) {
  // An interrupt must not leave the data behind, which may be in memory.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  const log = ['--max-wals=1', '--max-snapshots=1'];
  const etcd = await runEtcd({
    parent: memoryDirectory(1e9),
    scheme: tls ? 'https' : 'http',
    args: (directory) => (tls ? [...log, ...issueCertificate(directory)] : log),
    isServing: (url, directory) => isServing(url, tls ? readCertificate(directory) : undefined),
  });
  return { ...etcd, ca: tls ? readCertificate(etcd.directory) : undefined };
}

async function isServing(url, ca) {
  // Not at the top: on a fresh clone it is installed only after this file has been loaded.
  const { Agent, request } = await import('undici');
  const dispatcher = new Agent({ connect: { ca } });
  const answer = await request(`${url}/health`, { dispatcher }).catch(() => undefined);
  await answer?.body.dump();
  await dispatcher.destroy();
  return answer?.statusCode === 200;
}

function readCertificate(directory) {
  return readFileSync(join(directory, 'cert.pem'), 'utf8');
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
