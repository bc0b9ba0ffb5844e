import { createPrivateKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EtcdTlsOptions } from 'nestjs-etcd/client';
import { Certificates, type KeyPair } from '../support/certificates.js';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { auth, canaries, CanaryWitness } from './canary.js';

const { passphrase, written } = canaries;

describe('No passphrase and no key is told', () => {
  let certificates: Certificates;
  let strangers: Certificates;
  let member: EtcdMember;
  let client: KeyPair;
  let encrypted: string;
  beforeAll(async () => {
    [certificates, strangers] = await Promise.all([Certificates.create(), Certificates.create()]);
    const server = await certificates.issue();
    client = await certificates.issue({ commonName: 'client' });
    encrypted = createPrivateKey(client.key)
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
      .toString();
    member = await EtcdMember.start({ tls: certificates.etcdTls(server, true) });
  });
  afterAll(async () => {
    await member.stop();
    certificates.dispose();
    strangers.dispose();
  });

  it('by a connection that is refused, on either side', async () => {
    await using witness = new CanaryWitness();
    const ca = certificates.ca.cert;
    const { cert } = client;
    const connect = (tls: EtcdTlsOptions, times = { timeout: 800, tryTimeout: 400 }) =>
      witness.client({ hosts: member.url, tls, auth, ...times });
    // The control: with the right one, it connects.
    await connect({ ca, cert, key: encrypted, passphrase }, patient).set('/tls', written);
    const wrong: EtcdTlsOptions[] = [
      { ca, cert, key: encrypted, passphrase: `${passphrase}!` },
      { ca, cert, key: encrypted },
      { ca, cert, key: passphrase, passphrase },
      { ca: strangers.ca.cert, cert, key: encrypted, passphrase },
      { ca, passphrase },
      { ca, cert, key: encrypted, passphrase, serverName: 'elsewhere.test' },
      { ca, cert, key: encrypted.replace(/[A-Z]{4}/, 'AAAA').slice(0, -90), passphrase },
    ];
    for (const tls of wrong) {
      const etcd = connect(tls);
      const { code } = await witness.failure(() => etcd.set('/tls', written));
      expect(code).toBe('ETCD_CONNECTION');
    }
    expect(witness.lines.length).toBeGreaterThanOrEqual(wrong.length);
    expect(witness.telling).toEqual([]);
    const key = client.key.split('\n')[1] ?? '';
    for (const text of witness.told) expect(text).not.toContain(key);
  });
});
