import { readFile, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type * as Undici from 'undici';
import { EtcdOptionsError } from '../errors/index.js';
import { describeFailure } from './exchange.js';
import type { EtcdTlsOptions } from '../options/index.js';

type Connect = ReturnType<typeof Undici.buildConnector>;

/**
 * Opens the sockets of one client. It reads certificate files again when they have changed, and can end sockets
 * that are still connecting, which undici leaves open until their timeout when a pool is destroyed.
 *
 * It loads undici when that is first needed: loading takes as long as that of this whole package, and a process that asks
 * etcd nothing, such as a command of the application, does without.
 */
export class Connector {
  readonly #connecting = new Set<Socket>();
  readonly #files: CertificateFiles | undefined;
  readonly #timeout: number;
  #closed = false;
  #undici: typeof Undici | undefined;
  #current: { readonly version: string; readonly connect: Connect } | undefined;

  /** @param dispatcher sends the requests, if it is given: then no sockets are opened here, and undici is not loaded */
  constructor(
    tls: EtcdTlsOptions | undefined,
    timeout: number,
    readonly dispatcher?: Undici.Dispatcher,
  ) {
    this.#files = tls === undefined ? undefined : new CertificateFiles(tls);
    this.#timeout = timeout;
  }

  /** Whether there is nothing to {@link load}. */
  get isReady(): boolean {
    return this.#undici !== undefined || this.dispatcher !== undefined;
  }

  /** undici, once it is loaded. */
  get undici(): typeof Undici | undefined {
    return this.#undici;
  }

  async load(): Promise<typeof Undici> {
    return (this.#undici ??= await import('undici'));
  }

  readonly connect: Connect = (options, callback) => {
    void this.#connector().then(
      (connect) => this.#open(connect, options, callback),
      (error: unknown) => callback(error as Error, null),
    );
  };

  /** Ends every socket that is not yet connected. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#connecting) socket.destroy();
  }

  #open(
    connect: Connect,
    options: Undici.buildConnector.Options,
    callback: Undici.buildConnector.Callback,
  ): void {
    if (this.#closed) return callback(new Error('The client is closed.'), null);
    let socket: Socket;
    try {
      // The declared type has no result; the socket that is connecting is returned all the same.
      socket = connect(options, (...result) => {
        this.#connecting.delete(socket);
        callback(...result);
      }) as unknown as Socket;
    } catch (error) {
      // Certificates are parsed at each connection, and may just be replaced: a certificate without its key, half a file.
      return callback(unusable(error), null);
    }
    this.#connecting.add(socket);
    socket.once('close', () => {
      if (this.#connecting.delete(socket))
        callback(new Error('The client was closed while it connected.'), null);
    });
  }

  async #connector(): Promise<Connect> {
    const version = (await this.#files?.version()) ?? '';
    if (this.#current?.version !== version) {
      const certificates = await this.#files?.read();
      const { buildConnector } = await this.load();
      // No session cache: a resumed session would skip the check of a certificate that has been replaced.
      this.#current = {
        version,
        connect: buildConnector({ ...certificates, maxCachedSessions: 0, timeout: this.#timeout }),
      };
    }
    return this.#current.connect;
  }
}

/** The TLS options whose `ca`, `cert` and `key` may be files. */
class CertificateFiles {
  readonly #tls: EtcdTlsOptions;

  constructor(tls: EtcdTlsOptions) {
    this.#tls = tls;
  }

  /** Changes whenever one of the files does. */
  async version(): Promise<string> {
    const parts = await Promise.all(this.#named().map(async ([, path]) => fileVersion(path)));
    return parts.join();
  }

  async read(): Promise<Record<string, unknown>> {
    const { passphrase, serverName, rejectUnauthorized = true, ...pem } = this.#tls;
    const read = await Promise.all(
      this.#named().map(async ([name, path]) => [name, await readPem(name, path)] as const),
    );
    return { ...pem, ...Object.fromEntries(read), passphrase, servername: serverName, rejectUnauthorized };
  }

  #named(): [name: 'ca' | 'cert' | 'key', path: string][] {
    const names = ['ca', 'cert', 'key'] as const;
    return names.flatMap((name) => {
      const value = this.#tls[name];
      return typeof value === 'string' && !value.includes('-----BEGIN')
        ? [[name, value] as ['ca' | 'cert' | 'key', string]]
        : [];
    });
  }
}

function unusable(error: unknown): EtcdOptionsError {
  return new EtcdOptionsError(
    'tls',
    `no connection can be made with it (${describeFailure(error)}); give \`ca\`, and \`cert\` with its \`key\` and \`passphrase\`, as PEM`,
  );
}

async function fileVersion(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs}:${size}:${ino}`;
  } catch {
    return 'absent';
  }
}

async function readPem(name: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    // What is no path may be a key in another form than PEM.
    const file = name === 'key' ? 'the file' : `'${path}'`;
    throw new EtcdOptionsError(
      `tls.${name}`,
      `cannot read ${file} (${describeFailure(error)}); give PEM text, or the path of a PEM file`,
    );
  }
}
