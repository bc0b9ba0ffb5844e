import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type EtcdTls } from './etcd-options.js';

const run = promisify(execFile);

/** A certificate and its key, as files (for etcd) and as PEM text (for a client). */
export interface KeyPair {
  certFile: string;
  keyFile: string;
  cert: string;
  key: string;
}

export interface IssueOptions {
  /** @default 'localhost' */
  commonName?: string;
  /** Subject alternative names. @default ['IP:127.0.0.1', 'DNS:localhost'] */
  names?: string[];
  /** Whether the certificate's last day lies years back. @default false */
  expired?: boolean;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

const AUTHORITY_CONFIG = `
[ca]
default_ca = throw_away
[throw_away]
new_certs_dir = .
database = index.txt
rand_serial = yes
unique_subject = no
default_md = sha256
copy_extensions = copy
policy = policy
[policy]
commonName = supplied
`;

/**
 * A throw-away certificate authority, made with the `openssl` command. Two of them do not trust each other.
 */
export class Certificates implements Disposable {
  private count = 0;

  private constructor(
    private readonly directory: string,
    /** The authority's own certificate: a file for etcd, PEM text for a client. */
    readonly ca: { certFile: string; cert: string },
  ) {}

  static async create(): Promise<Certificates> {
    const directory = mkdtempSync(join(tmpdir(), 'certificates-'));
    writeFileSync(join(directory, 'ca.cnf'), AUTHORITY_CONFIG);
    writeFileSync(join(directory, 'index.txt'), '');
    const files = ['-keyout', 'ca.key', '-out', 'ca.pem'];
    await run('openssl', ['req', '-x509', ...NEW_KEY, '-subj', '/CN=throw-away CA', '-days', '2', ...files], {
      cwd: directory,
    });
    const certFile = join(directory, 'ca.pem');
    return new Certificates(directory, { certFile, cert: readFileSync(certFile, 'utf8') });
  }

  /**
   * Signs a new key. The certificate serves servers and clients alike: with client authentication etcd shows its
   * server certificate to itself.
   */
  async issue(options: IssueOptions = {}): Promise<KeyPair> {
    const { commonName = 'localhost', names = ['IP:127.0.0.1', 'DNS:localhost'], expired = false } = options;
    const { csr, pem: certFile, key: keyFile } = this.newFiles();
    const extensions = [
      `subjectAltName=${names.join(',')}`,
      'extendedKeyUsage=serverAuth,clientAuth',
    ].flatMap((extension) => ['-addext', extension]);
    const subject = ['-subj', `/CN=${commonName}`];
    await this.openssl('req', '-new', ...NEW_KEY, ...subject, ...extensions, '-keyout', keyFile, '-out', csr);
    const validity = expired
      ? ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z']
      : ['-days', '2'];
    const signer = ['-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key'];
    await this.openssl('ca', '-batch', '-notext', ...signer, ...validity, '-in', csr, '-out', certFile);
    return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  }

  /** A certificate whose only name is `elsewhere.invalid`. */
  issueForWrongName(): Promise<KeyPair> {
    return this.issue({ commonName: 'elsewhere.invalid', names: ['DNS:elsewhere.invalid'] });
  }

  /** The same certificate, its key encrypted with a passphrase. */
  async encryptKey(pair: KeyPair, passphrase: string): Promise<KeyPair> {
    const { key: keyFile } = this.newFiles();
    await this.openssl(
      'pkcs8',
      '-topk8',
      '-in',
      pair.keyFile,
      '-out',
      keyFile,
      '-passout',
      `pass:${passphrase}`,
    );
    return { ...pair, keyFile, key: readFileSync(keyFile, 'utf8') };
  }

  /** The `tls` option of an `EtcdMember` that shows this certificate. */
  etcdTls({ certFile, keyFile }: KeyPair, clientAuth = false): EtcdTls {
    return { ca: this.ca.certFile, cert: certFile, key: keyFile, clientAuth };
  }

  /** Removes every file. */
  dispose(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private newFiles(): Record<'csr' | 'pem' | 'key', string> {
    const base = join(this.directory, String(++this.count));
    return { csr: `${base}.csr`, pem: `${base}.pem`, key: `${base}.key` };
  }

  private async openssl(...args: string[]): Promise<void> {
    await run('openssl', args, { cwd: this.directory });
  }
}
