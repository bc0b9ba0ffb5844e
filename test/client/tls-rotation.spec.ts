import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from '@jest/globals';
import { EtcdClient, EtcdConnectionError } from 'nestjs-etcd/client';

import { Certificates } from '../support/certificates.js';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';

/** Replaces a file at once, as whoever rotates certificates should. */
function replace(file: string, ...contents: string[]): void {
  writeFileSync(`${file}.new`, contents.join('\n'));
  renameSync(`${file}.new`, file);
}

it('takes over rotated certificates for new connections, and no operation fails', async () => {
  using before = await Certificates.create();
  using after = await Certificates.create();
  const directory = mkdtempSync(join(tmpdir(), 'rotation-'));
  const file = (name: string) => join(directory, name);
  const pem = async (authority: Certificates, commonName: string) => {
    const { cert, key } = await authority.issue({ commonName });
    return { cert, key, both: `${cert}\n${key}` };
  };
  const oldClient = await pem(before, 'client');

  // Certificate and key share a file, so that they change together.
  replace(file('server.pem'), (await pem(before, 'server')).both);
  replace(file('server-trusts.pem'), before.ca.cert, after.ca.cert);
  replace(file('client.pem'), oldClient.both);
  replace(file('client-trusts.pem'), before.ca.cert);
  await using member = await EtcdMember.start({
    proxy: true,
    tls: {
      ca: file('server-trusts.pem'),
      cert: file('server.pem'),
      key: file('server.pem'),
      clientAuth: true,
    },
  });
  const tls = { ca: file('client-trusts.pem'), cert: file('client.pem'), key: file('client.pem') };
  // Many connections at once take their time to encrypt.
  await using etcd = new EtcdClient({
    hosts: member.url,
    tls,
    connections: 500,
    tryTimeout: 5_000,
    timeout: 15_000,
  });

  let operations = 0;
  const enough = new AbortController();
  const load = (async () => {
    for (; !enough.signal.aborted; operations++) await etcd.append('/load', String(operations));
  })();

  /** Keeps so many requests in flight at once that some must open a connection. */
  let width = 0;
  let bursts = 0;
  const connectAnew = async () => {
    const { proxy } = member;
    if (proxy === undefined) throw new Error('The member has no proxy.');
    const connections = proxy.connections;
    proxy.delay(50);
    do {
      width += 5;
      await Promise.all(Array.from({ length: width }, () => etcd.append('/burst', String(bursts++))));
    } while (proxy.connections === connections);
    proxy.delay(0);
  };

  await connectAnew();
  replace(file('client-trusts.pem'), before.ca.cert, after.ca.cert);
  await connectAnew();
  replace(file('server.pem'), (await pem(after, 'server')).both);
  await connectAnew();
  replace(file('client.pem'), (await pem(after, 'client')).both);
  await connectAnew();
  replace(file('client-trusts.pem'), after.ca.cert);
  await connectAnew();
  enough.abort();
  await load;
  const stored = async (path: string) => (await etcd.get(path)).node.children.length;
  expect(await stored('/load')).toBe(operations);
  expect(await stored('/burst')).toBe(bursts);

  // The controls: whoever keeps one of the old certificates gets no new connection.
  replace(file('server-trusts.pem'), after.ca.cert);
  await member.restart();
  for (const kept of [
    { ca: before.ca.cert },
    { ca: after.ca.cert, cert: oldClient.cert, key: oldClient.key },
  ]) {
    await using late = new EtcdClient({ hosts: member.url, tls: { ...tls, ...kept }, timeout: 1_000 });
    await expect(late.get('/')).rejects.toBeInstanceOf(EtcdConnectionError);
  }
  await waitFor(() => etcd.exists('/load'), { what: 'the client that has followed the rotation' });
  rmSync(directory, { recursive: true });
});
