import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

import { Connection } from './connection.js';
import type { Service } from './exchange.js';
import { HttpDate } from './http-date.js';

export interface HttpServerOptions {
  /** 0 for any free port. */
  readonly port: number;
  /** The address to listen on, e.g. `127.0.0.1`. */
  readonly host: string;
  /** Certificate and the like, to be spoken to by TLS. @default plain text */
  readonly tls?: TlsOptions | undefined;
}

/** How many connections may wait to be taken; as in Go, as many as the system allows. */
const backlog = 65_535;

const socketOptions = { allowHalfOpen: true, noDelay: true } as const;

/**
 * A server of HTTP/1.1 that answers as the one of Go's library does, which etcd stands on. It has no timeouts, as
 * etcd has none, and knows nothing of what it serves.
 */
export class HttpServer {
  /** All connections, also those that are still about to encrypt. */
  readonly #sockets = new Set<Socket>();
  readonly #date = new HttpDate();
  readonly #isPlain: boolean;
  /** Connections that have come before anybody serves them. */
  #early: Socket[] = [];
  #service: Service | undefined;
  #isUnref = false;
  #port = 0;

  private constructor(
    private readonly server: Server,
    isPlain: boolean,
  ) {
    this.#isPlain = isPlain;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      if (this.#isUnref) socket.unref();
      // A client that is gone is no error of the server's, whatever the socket is about.
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on(isPlain ? 'connection' : 'secureConnection', (socket: Socket) => this.#take(socket));
    server.on('tlsClientError', (_: Error, socket: Socket) => socket.destroy());
  }

  /** Resolves once it listens. Rejects with the error of the system if it cannot, e.g. `EADDRINUSE`. */
  static async listen({ port, host, tls }: HttpServerOptions): Promise<HttpServer> {
    const server =
      tls === undefined
        ? createServer(socketOptions)
        : createTlsServer({ ...tls, ...socketOptions, ALPNProtocols: ['http/1.1'] });
    const listening = new HttpServer(server, tls === undefined);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host, backlog }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // One connection that cannot be taken, for want of file descriptors, is not the end of the others.
    server.on('error', () => undefined);
    listening.#port = (server.address() as AddressInfo).port;
    return listening;
  }

  /** Where it listens, or has listened. */
  get port(): number {
    return this.#port;
  }

  /** Begins to answer; connections that have come before have waited. To be called once. */
  serve(service: Service): void {
    this.#service = service;
    const early = this.#early;
    this.#early = [];
    for (const socket of early) this.#take(socket);
  }

  /** Keeps no process alive by itself from now on. */
  unref(): void {
    this.#isUnref = true;
    this.server.unref();
    for (const socket of this.#sockets) socket.unref();
  }

  /** Ends it with all its connections. It never rejects, and may be called again. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #take(socket: Socket): void {
    if (this.#service === undefined) this.#early.push(socket);
    else if (!socket.destroyed) Connection.serve(socket, this.#service, this.#date, this.#isPlain);
  }
}
