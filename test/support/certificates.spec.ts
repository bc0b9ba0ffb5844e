import { existsSync } from 'node:fs';
import { createSecureContext, createServer } from 'node:tls';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Certificates } from './certificates.js';
import { EtcdMember } from './etcd-member.js';
import { rawRequest } from './raw-request.js';

describe('Certificates', () => {
  let certificates: Certificates;
  beforeAll(async () => {
    certificates = await Certificates.create();
  });
  afterAll(() => certificates.dispose());

  it('lets a member serve TLS to clients that have a certificate', async () => {
    const [server, client] = [await certificates.issue(), await certificates.issue({ commonName: 'client' })];
    await using member = await EtcdMember.start({ tls: certificates.etcdTls(server, true), proxy: true });
    const ca = certificates.ca.cert;
    const { status } = await rawRequest(`${member.url}/version`, {
      tls: { ca, cert: client.cert, key: client.key },
    });
    expect(status).toBe(200);
    await expect(rawRequest(`${member.url}/version`, { tls: { ca } })).rejects.toThrow(/certificate/);

    using strangers = await Certificates.create();
    const other = { tls: { ca: strangers.ca.cert, cert: client.cert, key: client.key } };
    await expect(rawRequest(`${member.url}/version`, other)).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
  });

  it.each([
    ['an expired certificate', 'CERT_HAS_EXPIRED', () => certificates.issue({ expired: true })],
    ['the wrong name', 'ERR_TLS_CERT_ALTNAME_INVALID', () => certificates.issueForWrongName()],
  ])('makes a server that shows %s', async (_, code, issue) => {
    const pair = await issue();
    const server = createServer({ cert: pair.cert, key: pair.key }, (socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const request = rawRequest(`https://127.0.0.1:${port}/`, { tls: { ca: certificates.ca.cert } });
    await expect(request).rejects.toMatchObject({ code });
    await new Promise((resolve) => server.close(resolve));
  });

  it('encrypts a key with a passphrase', async () => {
    const pair = await certificates.encryptKey(await certificates.issue(), 'secret');
    expect(pair.key).toContain('ENCRYPTED');
    expect(() => createSecureContext({ ...pair, passphrase: 'wrong' })).toThrow('bad decrypt');
    expect(() => createSecureContext({ ...pair, passphrase: 'secret' })).not.toThrow();
  });

  it('removes its files', async () => {
    const own = await Certificates.create();
    own.dispose();
    expect(existsSync(own.ca.certFile)).toBe(false);
  });
});
