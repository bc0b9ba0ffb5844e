import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const endOfHead = '\r\n\r\n';
const watch = /^GET \S+[?&]wait=true\S*/;

/**
 * The network between a client and one member, which fails in ways that are nasty for watches: it forgets
 * the connections of watches and carries new ones, or tells an event later than the head of the answer it belongs to.
 */
export class Link implements AsyncDisposable {
  /** How many streams were asked for so far. */
  streams = 0;
  readonly #pairs = new Set<readonly [client: Socket, server: Socket | undefined]>();
  #isCut = false;
  #lateness = 0;
  /** Connections whose last request was a watch. */
  readonly #watches = new Set<Socket>();
  readonly #stranded = new Set<Socket>();
  readonly #server: Server;

  private constructor(private readonly target: URL) {
    this.#server = createServer((client) => this.#carry(client));
  }

  static async start(targetUrl: string): Promise<Link> {
    const link = new Link(new URL(targetUrl));
    await new Promise<void>((resolve) => link.#server.listen(0, '127.0.0.1', resolve));
    return link;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends what is open, and lets new connections be made and hear nothing, until it is mended. */
  cut(): void {
    this.#isCut = true;
    this.#end();
  }

  mend(): void {
    this.#isCut = false;
    this.#end();
  }

  /**
   * Carries nothing any more for the connections that are watched now, and tells neither side: what is silent for long is
   * forgotten by firewalls and balancers, while they carry what is used.
   */
  strand(): void {
    for (const client of this.#watches) this.#stranded.add(client);
  }

  /** What follows the head of an answer comes this many milliseconds after it, as when a packet is lost and sent again. */
  delayBodies(milliseconds: number): void {
    this.#lateness = milliseconds;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #end(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket?.destroy();
  }

  #carry(client: Socket): void {
    const { hostname: host, port } = this.target;
    const server = this.#isCut ? undefined : connect({ host, port: Number(port) });
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket?.setNoDelay(true);
      socket?.on('error', () => socket.destroy());
      socket?.on('close', () => {
        // The other side of a connection that was forgotten is never told.
        if (this.#stranded.has(client) && !client.destroyed) return;
        client.destroy();
        server?.destroy();
        this.#watches.delete(client);
        this.#stranded.delete(client);
        this.#pairs.delete(pair);
      });
    }
    client.on('data', (chunk: Buffer) => {
      const [line = ''] = watch.exec(chunk.toString('latin1')) ?? [];
      if (line === '') this.#watches.delete(client);
      else this.#watches.add(client);
      if (line.includes('stream=true')) this.streams++;
      if (!this.#stranded.has(client)) server?.write(chunk);
    });
    server?.on('data', (chunk: Buffer) => this.#answer(client, chunk));
  }

  #answer(client: Socket, chunk: Buffer): void {
    const write = (bytes: Buffer): void => {
      if (bytes.length > 0 && !client.destroyed && !this.#stranded.has(client)) client.write(bytes);
    };
    if (this.#lateness === 0) return write(chunk);
    const end = chunk.indexOf(endOfHead);
    const head = end < 0 ? 0 : end + endOfHead.length;
    write(chunk.subarray(0, head));
    setTimeout(() => write(chunk.subarray(head)), this.#lateness);
  }
}
