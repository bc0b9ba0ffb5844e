import { readFile, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type * as Undici from 'undici';
import { EtcdOptionsError } from '../errors/index.js';
import { describeFailure } from './exchange.js';
import type { EtcdTlsOptions } from '../options/index.js';

type Connect = ReturnType<typeof Undici.buildConnector>;

/** What opens sockets with the certificates of one version of their files. */
interface Current {
  readonly version: string;
  readonly certificates: Record<string, unknown> | undefined;
  readonly connect: Connect;
}

/** Bytes that one reader takes at a time: some 30 changes of a usual length. */
const readerMemory = 8 * 1_024;

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
  #current: Current | undefined;

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
    void this.#latest().then(
      ({ connect }) => this.#open(connect, options, callback),
      (error: unknown) => callback(error as Error, null),
    );
  };

  /**
   * Opens a socket that hands what it reads to a function, in memory of its own that it uses again and again. Gives what
   * ends it, whether it is connected or not.
   */
  connectReader(
    options: Undici.buildConnector.Options,
    read: (bytes: Buffer) => void,
    callback: Undici.buildConnector.Callback,
  ): () => void {
    const buffer = Buffer.allocUnsafeSlow(readerMemory);
    const onread = {
      buffer,
      callback: (length: number): boolean => {
        read(length === buffer.length ? buffer : buffer.subarray(0, length));
        return true;
      },
    };
    let socket: Socket | undefined;
    let isEnded = false;
    void this.#latest().then(
      ({ certificates }) => {
        if (!isEnded) socket = this.#open(this.#build({ ...certificates, onread }), options, callback);
      },
      (error: unknown) => callback(error as Error, null),
    );
    return () => {
      isEnded = true;
      socket?.destroy();
    };
  }

  /** Ends every socket that is not yet connected. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#connecting) socket.destroy();
  }

  #open(
    connect: Connect,
    options: Undici.buildConnector.Options,
    callback: Undici.buildConnector.Callback,
  ): Socket | undefined {
    if (this.#closed) {
      callback(new Error('The client is closed.'), null);
      return undefined;
    }
    let socket: Socket;
    try {
      // The declared type has no result; the socket that is connecting is returned all the same.
      socket = connect(options, (...result) => {
        this.#connecting.delete(socket);
        callback(...result);
      }) as unknown as Socket;
    } catch (error) {
      // Certificates are parsed at each connection, and may just be replaced: a certificate without its key, half a file.
      callback(unusable(error), null);
      return undefined;
    }
    this.#connecting.add(socket);
    socket.once('close', () => {
      if (this.#connecting.delete(socket)) callback(new Error('It was closed while it connected.'), null);
    });
    return socket;
  }

  /** With the certificates as they are now. */
  async #latest(): Promise<Current> {
    const version = (await this.#files?.version()) ?? '';
    if (this.#current?.version !== version) {
      const certificates = await this.#files?.read();
      await this.load();
      this.#current = { version, certificates, connect: this.#build({ ...certificates }) };
    }
    return this.#current;
  }

  #build(options: Record<string, unknown>): Connect {
    if (this.#undici === undefined) throw new Error('undici is not loaded yet');
    // No session cache: a resumed session would skip the check of a certificate that has been replaced.
    return this.#undici.buildConnector({ ...options, maxCachedSessions: 0, timeout: this.#timeout });
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
