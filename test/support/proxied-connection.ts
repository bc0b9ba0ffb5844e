import { connect, type Socket } from 'node:net';

/** The proxy's present faults. Connections look here for each chunk, so a change takes effect at once. */
export interface Faults {
  cutAfter: number | undefined;
  blackHole: boolean;
  delay: number;
}

/** What a connection tells its proxy. */
export interface ConnectionEvents {
  request(line: string): void;
  response(bytes: number): void;
  cut(): void;
  closed(): void;
}

const REQUEST_LINE = /^[A-Z]+ \S+ HTTP\/1\.[01](?=\r\n)/;

/** One client's connection through a `TcpProxy`, and the proxy's own connection to the target. */
export class ProxiedConnection {
  private readonly server: Socket;
  /** Bytes of the response under way that have been passed on. */
  private passed = 0;
  /** Whether the server has spoken since the client last did: the client's next bytes are a new request. */
  private answered = false;
  /** Chunks are written one after the other, however long each was delayed. */
  private order: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly client: Socket,
    target: URL,
    private readonly faults: Faults,
    private readonly events: ConnectionEvents,
  ) {
    this.server = connect({ host: target.hostname, port: Number(target.port), allowHalfOpen: true });
    for (const socket of [client, this.server]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.reset());
      socket.on('close', () => this.closed());
    }
    client.on('data', (chunk: Buffer) => this.toServer(chunk));
    client.on('end', () => this.server.end());
    this.server.on('data', (chunk: Buffer) => this.toClient(chunk));
    this.server.on('end', () => void this.order.then(() => client.end()));
    this.faultsChanged();
  }

  /** A black hole stops reading, so that nothing passes, the end of a stream included, and nothing is lost. */
  faultsChanged(): void {
    for (const socket of [this.client, this.server]) {
      if (this.faults.blackHole) socket.pause();
      else socket.resume();
    }
  }

  reset(): void {
    for (const socket of [this.client, this.server]) {
      // A reset behind an end that is under way leaves Node's handle open for good.
      if (socket.writableEnded) socket.destroy();
      else if (!socket.destroyed) socket.resetAndDestroy();
    }
  }

  private closed(): void {
    if (this.client.destroyed && this.server.destroyed) this.events.closed();
  }

  private toServer(chunk: Buffer): void {
    const line = REQUEST_LINE.exec(chunk.toString('latin1'))?.[0];
    if (line) this.events.request(line);
    if (this.answered) {
      this.answered = false;
      this.passed = 0;
    }
    this.server.write(chunk);
  }

  private toClient(chunk: Buffer): void {
    this.answered = true;
    this.events.response(chunk.length);
    const { cutAfter, delay } = this.faults;
    const left = cutAfter === undefined ? Infinity : Math.max(0, cutAfter - this.passed);
    const allowed = chunk.subarray(0, left);
    this.passed += allowed.length;
    const isLast = this.passed >= (cutAfter ?? Infinity);
    const pause = delay > 0 ? new Promise((resolve) => setTimeout(resolve, delay)) : undefined;
    this.order = this.order.then(async () => {
      await pause;
      await this.write(allowed);
      if (isLast) this.cut();
    });
  }

  /** Resolves when the kernel has the bytes: a reset would throw away what still lies in this process. */
  private write(chunk: Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (chunk.length === 0 || this.client.destroyed) resolve();
      else this.client.write(chunk, () => resolve());
    });
  }

  private cut(): void {
    if (this.client.destroyed) return;
    this.events.cut();
    this.reset();
  }
}
