import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** After how many bytes of its answer a request's connection is reset; `undefined` lets the answer pass. */
export type CutRule = (requestLine: string) => number | undefined;

/**
 * A proxy that decides for each request where its answer is cut off, so that requests run side by side and one that
 * is sent again can be let through. The request itself always reaches the server.
 */
export class CuttingProxy implements AsyncDisposable {
  /** The first lines of all requests, e.g. `PUT /v2/keys/a`. */
  readonly requests: string[] = [];
  /** How many answers were cut off. */
  cuts = 0;
  /** Length of the longest answer that passed uncut. */
  longest = 0;

  private readonly open = new Set<Socket>();
  private readonly server: Server;

  private constructor(
    private readonly target: URL,
    private readonly rule: CutRule,
  ) {
    this.server = createServer((client) => this.serve(client));
  }

  static async start(targetUrl: string, rule: CutRule): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(new URL(targetUrl), rule);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get openConnections(): number {
    return this.open.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(client: Socket): void {
    const server = connect({ host: this.target.hostname, port: Number(this.target.port) });
    let cut: number | undefined;
    let passed = 0;
    const reset = () => {
      this.cuts++;
      client.resetAndDestroy();
      server.destroy();
    };
    this.open.add(client);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        client.destroy();
        server.destroy();
        this.open.delete(client);
      });
    }
    client.on('data', (chunk: Buffer) => {
      const line = /^[A-Z]+ \S+(?= HTTP\/1\.1\r\n)/.exec(chunk.toString('latin1'))?.[0];
      if (line !== undefined) {
        this.requests.push(line);
        cut = this.rule(line);
        passed = 0;
      }
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      const allowed = cut === undefined ? chunk : chunk.subarray(0, Math.max(0, cut - passed));
      passed += chunk.length;
      const isOver = cut !== undefined && passed >= cut;
      if (!isOver) this.longest = Math.max(this.longest, passed);
      // A reset before the kernel has the bytes would take them back.
      if (allowed.length > 0) client.write(allowed, () => isOver && reset());
      else if (isOver) reset();
    });
  }
}
