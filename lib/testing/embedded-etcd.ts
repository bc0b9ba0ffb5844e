import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { type EtcdClock, systemClock } from './clock.js';
import { newHttpServer, serve } from './http/http-server.js';
import { Member } from './member.js';
import { type EmbeddedFault, type EmbeddedRequest, Traffic } from './traffic.js';

/** How often etcd looks for what has expired, in ms. */
const sweepInterval = 500;

export interface EmbeddedEtcdOptions {
  /** Where to listen on `127.0.0.1`; 0 for any free port. @default 0 */
  readonly port?: number;
  /** The address that it tells clients to use, if a proxy stands in front of it. @default its own */
  readonly advertise?: string;
  /** How many changes a watch can go back. @default 1000 */
  readonly history?: number;
  /** What `/version` tells. @default '3.4.23' */
  readonly version?: string;
  /** Where TTLs take the time from; a `ManualClock` to move it by hand. @default the time of this machine */
  readonly clock?: EtcdClock;
}

/**
 * A server of etcd's v2 API in this process, with nothing of etcd's installed: for tests, demonstrations, and
 * development on one machine. It answers as etcd 3.4 with `--enable-v2` does, and keeps nothing when it is stopped.
 *
 * @example
 * await using server = await EmbeddedEtcd.start();
 * const response = await fetch(`${server.url}/v2/keys/greeting`);
 */
export class EmbeddedEtcd implements AsyncDisposable {
  readonly #traffic: Traffic;
  readonly #endSweeps: () => void;
  readonly #sockets = new Set<Socket>();
  #stopped: Promise<void> | undefined;

  private constructor(
    /** The address of the server, e.g. `http://127.0.0.1:2379`. */
    readonly url: string,
    private readonly server: Server,
    private readonly member: Member,
    traffic: Traffic,
    clock: EtcdClock,
  ) {
    this.#traffic = traffic;
    // Node's server loses sight of connections that it has refused or handed over.
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#endSweeps = clock.every(sweepInterval, () => {
      if (!traffic.isPaused) member.sweep();
    });
  }

  /** Starts a server and resolves once it serves. @throws {RangeError} for options out of range */
  static async start(options: EmbeddedEtcdOptions = {}): Promise<EmbeddedEtcd> {
    const { port = 0, advertise, history = 1_000, version = '3.4.23', clock = systemClock } = options;
    if (!Number.isInteger(history) || history < 1) {
      throw new RangeError(`Expected \`history\` to be an integer from 1 and up, got ${String(history)}`);
    }
    const traffic = new Traffic();
    const server = newHttpServer();
    const address = await listen(server, port);
    const peerPort = address === 65_535 ? address - 1 : address + 1;
    const member = new Member({
      clock,
      history,
      name: 'default',
      version,
      clientURL: advertise ?? `http://127.0.0.1:${address}`,
      peerURL: `http://127.0.0.1:${peerPort}`,
    });
    serve(server, member, traffic);
    return new EmbeddedEtcd(`http://127.0.0.1:${address}`, server, member, traffic, clock);
  }

  /** The addresses that it tells clients to use: of all members, of which there is one. */
  get clientURLs(): readonly string[] {
    return [this.member.options.clientURL];
  }

  /** The store index. */
  get index(): number {
    return this.member.store.index;
  }

  /** The last requests that have come in, oldest first: up to 10,000. */
  get requests(): readonly EmbeddedRequest[] {
    return this.#traffic.requests;
  }

  /** Forgets the {@link requests}. */
  clearRequests(): void {
    this.#traffic.clearRequests();
  }

  /** Answers nothing any more, and lets nothing expire, as a process that is stopped: connections stay open. */
  pause(): void {
    this.#traffic.pause();
  }

  /** Goes on after {@link pause}, with the requests that have come in meanwhile. */
  resume(): void {
    this.#traffic.resume();
  }

  /**
   * Lets the next request fail that matches. Several calls add up, and the first one that matches a request applies.
   *
   * @throws {RangeError} for a number out of range
   * @example
   * server.failNext({ reset: true, match: ({ method }) => method === 'PUT' });
   */
  failNext(fault: EmbeddedFault): void {
    this.#traffic.failNext(fault);
  }

  /** Lets a key expire now, with or without a TTL. @throws {Error} if there is none */
  expireNow(key: string): void {
    this.member.store.expireNow(storePath(key));
  }

  /** Forgets everything that is stored, planned to fail, or logged, and ends all watches: index 3, as at the start. */
  resetStore(): void {
    this.#traffic.clearFaults();
    this.#traffic.clearRequests();
    this.#traffic.cutWatches();
    this.member.reset();
  }

  /** Ends the server with all its connections. It never rejects, and may be called again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    this.#endSweeps();
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** A path of the store's, from a key as users write it. */
function storePath(key: string): string {
  const bytes = Buffer.from(key, 'utf8').toString('latin1');
  return `/${bytes
    .split('/')
    .filter((element) => element !== '')
    .join('/')}`;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
