import { copyFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdConnectionError, type EtcdTlsOptions } from 'nestjs-etcd/client';

import { Certificates, type KeyPair } from '../support/certificates.js';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';

describe('TLS', () => {
  let certificates: Certificates;
  let strangers: Certificates;
  let client: KeyPair;
  /** Shows a certificate and asks for none. */
  let plain: EtcdMember;
  /** Asks for a client certificate as well. */
  let mutual: EtcdMember;
  beforeAll(async () => {
    [certificates, strangers] = await Promise.all([Certificates.create(), Certificates.create()]);
    const server = await certificates.issue();
    client = await certificates.issue({ commonName: 'client' });
    [plain, mutual] = await Promise.all([
      EtcdMember.start({ tls: certificates.etcdTls(server), proxy: true }),
      EtcdMember.start({ tls: certificates.etcdTls(server, true), proxy: true }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([plain.stop(), mutual.stop()]);
    certificates.dispose();
    strangers.dispose();
  });

  const roundTrip = async (hosts: string, tls: EtcdTlsOptions, timeout: number = patient.timeout) => {
    await using etcd = new EtcdClient({ hosts, tls, ...patient, timeout });
    await etcd.set('/tls', 'v');
    return (await etcd.get('/tls')).node.value;
  };

  /** A member that shows a certificate with which etcd would not have started. */
  const startAndShow = async (wrong: KeyPair) => {
    const shown = await certificates.issue();
    const member = await EtcdMember.start({
      tls: certificates.etcdTls(shown),
      proxy: true,
    });
    // etcd reads the files again for each connection.
    copyFileSync(wrong.certFile, shown.certFile);
    copyFileSync(wrong.keyFile, shown.keyFile);
    return member;
  };

  /** The store's index, past the proxy and whatever certificate is shown. */
  const indexOf = async (member: EtcdMember) => {
    const tls = { cert: client.cert, key: client.key, rejectUnauthorized: false };
    return (await member.request('/v2/keys/', { tls })).headers['x-etcd-index'];
  };

  /** The failure of a write, which must be definite, and must not have been tried without TLS. */
  const refusal = async (member: EtcdMember, tls: EtcdTlsOptions, hosts = member.url) => {
    const before = await indexOf(member);
    const start = performance.now();
    // The second handshake comes after 1 to 1.5 s and the third after 2: none is under way at the deadline.
    const error = await roundTrip(hosts, tls, 1_800).catch((reason: unknown) => reason);
    expect(performance.now() - start).toBeLessThan(4_500);
    expect(error).toBeInstanceOf(EtcdConnectionError);
    expect(error).toMatchObject({ code: 'ETCD_CONNECTION', mayHaveBeenApplied: false });
    expect(await indexOf(member)).toBe(before);
    // The proxy sees the first line of whatever is not encrypted.
    expect(member.proxy?.requests).toEqual([]);
    return (error as EtcdConnectionError).message;
  };

  const ca = (kind: string) =>
    ({
      text: certificates.ca.cert,
      Buffer: Buffer.from(certificates.ca.cert),
      path: certificates.ca.certFile,
    })[kind] as string | Buffer;
  const pair = (kind: string, { cert, key, certFile, keyFile }: KeyPair) =>
    ({
      text: { cert, key },
      Buffer: { cert: Buffer.from(cert), key: Buffer.from(key) },
      path: { cert: certFile, key: keyFile },
    })[kind];

  it.each(['text', 'Buffer', 'path'])('trusts a certificate authority given as %s', async (kind) => {
    expect(await roundTrip(plain.url, { ca: ca(kind) })).toBe('v');
  });

  it.each(['text', 'Buffer', 'path'])('shows a client certificate given as %s', async (kind) => {
    expect(await roundTrip(mutual.url, { ca: ca(kind), ...pair(kind, client) })).toBe('v');
  });

  it('decrypts the key with its passphrase, and fails definitely with a wrong one', async () => {
    const encrypted = await certificates.encryptKey(client, 'secret');
    const given = ['text', 'path'].map((kind) => Object.assign({ ca: ca(kind) }, pair(kind, encrypted)));
    for (const tls of given) expect(await roundTrip(mutual.url, { ...tls, passphrase: 'secret' })).toBe('v');
    const wrong = given.flatMap((tls) => [tls, { ...tls, passphrase: 'wrong-passphrase' }]);
    for (const message of await Promise.all(wrong.map((tls) => refusal(mutual, tls))))
      expect(message).not.toContain('wrong-passphrase');
  });

  it('takes `host:port` for https:, and refuses http: beside TLS options', async () => {
    const { host } = new URL(plain.url);
    expect(await roundTrip(host, { ca: ca('text') })).toBe('v');
    expect(() => new EtcdClient({ hosts: `http://${host}`, tls: { ca: ca('text') } })).toThrow(
      /`hosts`.*`tls`/,
    );
  });

  it('refuses a server of another authority', async () => {
    expect(await refusal(plain, { ca: strangers.ca.cert })).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE/);
  });

  it('refuses a server that only the system could vouch for', async () => {
    expect(await refusal(plain, {})).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/);
  });

  it('accepts any certificate only when told to', async () => {
    expect(await roundTrip(plain.url, { rejectUnauthorized: false })).toBe('v');
  });

  it('fails definitely without the client certificate that is asked for, and with a stranger’s', async () => {
    const { cert, key } = await strangers.issue({ commonName: 'stranger' });
    const wrong = [{}, { cert, key }].map((shown) => refusal(mutual, { ca: ca('text'), ...shown }));
    expect((await Promise.all(wrong))[0]).toMatch(/ALERT|ECONNRESET|EPIPE|socket/i);
  });

  it('fails definitely when its files are missing or hold no certificate', async () => {
    const gone = `${certificates.ca.certFile}.gone`;
    const foreign = await certificates.issue();
    const [missing] = await Promise.all([
      refusal(plain, { ca: gone }),
      refusal(plain, { ca: '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----' }),
      refusal(mutual, { ca: ca('text'), cert: client.cert, key: foreign.key }),
    ]);
    expect(missing).toContain('no etcd member could be reached');
  });

  it('fails definitely when the server speaks no TLS', async () => {
    await using unencrypted = await EtcdMember.start({ proxy: true });
    const hosts = unencrypted.url.replace('http:', 'https:');
    expect(await refusal(unencrypted, { ca: ca('text') }, hosts)).toContain(hosts);
  });

  describe('with the wrong server certificate', () => {
    it('refuses an expired one', async () => {
      const expired = await certificates.issue({ expired: true });
      await using member = await startAndShow(expired);
      expect(await refusal(member, { ca: ca('text') })).toMatch(/CERT_HAS_EXPIRED/);
    });

    it('refuses one for another name, and accepts it for the server name that is given', async () => {
      const elsewhere = await certificates.issueForWrongName();
      await using member = await startAndShow(elsewhere);
      const byName = member.url.replace('127.0.0.1', 'localhost');
      const refusals = await Promise.all([
        refusal(member, { ca: ca('text') }),
        refusal(member, { ca: ca('text'), serverName: 'other.invalid' }),
        refusal(member, { ca: ca('text') }, byName),
      ]);
      for (const message of refusals) expect(message).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/);
      for (const hosts of [member.url, byName])
        expect(await roundTrip(hosts, { ca: ca('text'), serverName: 'elsewhere.invalid' })).toBe('v');
    });
  });
});
