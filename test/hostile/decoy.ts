import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A server that no client of a cluster has any business with. It notes who comes, and answers like a member. */
export class Decoy implements AsyncDisposable {
  /** How many connections were accepted. */
  connections = 0;
  /** Everything that was sent to it. */
  received = '';

  private readonly servers: Server[] = [];
  private readonly open = new Set<Socket>();

  private constructor(private readonly answer: string) {}

  /** Listens on one port of several loopback addresses. `answer` is what everybody gets. */
  static async start(answer: string, addresses: string[] = ['127.0.0.1']): Promise<Decoy> {
    const decoy = new Decoy(answer);
    for (const host of addresses) await decoy.listen(host);
    return decoy;
  }

  get port(): number {
    const [first] = this.servers as [Server];
    return (first.address() as AddressInfo).port;
  }

  /** The first lines of the requests that came. */
  get requests(): string[] {
    return this.received.match(/^[A-Z]+ \S+ HTTP\/1\.1$/gm) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  private async listen(host: string): Promise<void> {
    const server = createServer((socket) => this.receive(socket));
    const port = this.servers.length === 0 ? 0 : this.port;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, resolve);
    });
    this.servers.push(server);
  }

  private receive(socket: Socket): void {
    this.connections++;
    this.open.add(socket);
    socket.on('close', () => this.open.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      socket.write(this.answer);
    });
  }
}
