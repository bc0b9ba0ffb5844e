import { createServer, type Server, type Socket } from 'node:net';

import { type Faults, ProxiedConnection } from './proxied-connection.js';
import { freePort } from './wait-for.js';

/** A request's first line as it went through the proxy; encrypted traffic shows none. */
export interface ProxiedRequest {
  /** Which connection carried it, from 1 up. */
  connection: number;
  /** E.g. `GET /v2/keys/foo HTTP/1.1`. */
  line: string;
}

/**
 * A TCP proxy on loopback that can fail in the ways a network does: resets in the middle of a response, silence,
 * refusal, delay. It knows nothing of HTTP but the first line of a request, so TLS goes through it as well.
 */
export class TcpProxy implements AsyncDisposable {
  /** The first lines of all requests, in order of arrival. */
  readonly requests: ProxiedRequest[] = [];
  /** How many connections were accepted so far. */
  connections = 0;
  /** How many bytes came from the target so far, whether they were passed on or not. */
  bytesFromServer = 0;
  /** How many responses were cut off so far. */
  cuts = 0;

  private readonly faults: Faults = { cutAfter: undefined, blackHole: false, delay: 0 };
  private readonly open = new Set<ProxiedConnection>();
  private server: Server | undefined;

  private constructor(
    private readonly target: URL,
    private readonly port: number,
  ) {}

  /** Starts a proxy in front of `targetUrl`, on a free port unless one is given. */
  static async start(targetUrl: string, { port }: { port?: number } = {}): Promise<TcpProxy> {
    // One of those that the system gives could be taken by somebody else while this one refuses.
    const proxy = new TcpProxy(new URL(targetUrl), port ?? (await freePort()));
    await proxy.accept();
    return proxy;
  }

  get url(): string {
    return `${this.target.protocol}//127.0.0.1:${this.port}`;
  }

  /** How many connections are open now. */
  get openConnections(): number {
    return this.open.size;
  }

  /**
   * Lets `bytes` bytes of each response through and then resets both sides, until called with `undefined`. With 0
   * the request reaches the server and nothing of its answer comes back. A response that is already beyond
   * `bytes` is cut at its next byte.
   */
  cutAfter(bytes: number | undefined): void {
    this.faults.cutAfter = bytes;
  }

  /** While on, connections are accepted and nothing passes in either direction; what was held passes afterwards. */
  blackHole(on: boolean): void {
    this.faults.blackHole = on;
    for (const connection of this.open) connection.faultsChanged();
  }

  /** Delays every chunk towards the client by `ms` milliseconds, in order. */
  delay(ms: number): void {
    this.faults.delay = ms;
  }

  /** Resets every open connection. */
  reset(): void {
    for (const connection of this.open) connection.reset();
  }

  /** Closes the port, so that new connections are refused. Open ones live on: see {@link reset}. */
  async refuse(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    // The callback of `close` waits for the open connections as well, the port is free at once.
    server.close();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Opens the port again after {@link refuse}. */
  async accept(): Promise<void> {
    if (this.server) return;
    const server = createServer({ allowHalfOpen: true }, (client) => this.connect(client));
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
  }

  /** Closes the port and resets what is open. */
  async stop(): Promise<void> {
    await this.refuse();
    this.reset();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private connect(client: Socket): void {
    const number = ++this.connections;
    const connection = new ProxiedConnection(client, this.target, this.faults, {
      request: (line) => this.requests.push({ connection: number, line }),
      response: (bytes) => (this.bytesFromServer += bytes),
      cut: () => this.cuts++,
      closed: () => this.open.delete(connection),
    });
    this.open.add(connection);
  }
}
