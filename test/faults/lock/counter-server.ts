import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

/** A number that is read, and written with what was read plus one. */
class Counter {
  value = 0;
  /** Writes that were accepted, each of which is an increment. */
  accepted = 0;
  refused = 0;
  /** Accepted writes of somebody whose successor had been here before. */
  stale = 0;
  private highest = 0;

  constructor(private readonly isFenced: boolean) {}

  /** Whether somebody with this token may come in. */
  admits(token: number): boolean {
    const isLate = token < this.highest;
    this.highest = Math.max(this.highest, token);
    if (!isLate || !this.isFenced) return true;
    this.refused++;
    return false;
  }

  write(token: number, value: number): void {
    if (token < this.highest) this.stale++;
    this.accepted++;
    this.value = value;
  }

  get lost(): number {
    return this.accepted - this.value;
  }
}

/**
 * What a lock protects, as a service of its own with two counters: `fenced` refuses whoever comes, to read or to write, with
 * a lower token than the highest it has seen, and `bare` trusts the lock alone.
 */
export class CounterServer implements AsyncDisposable {
  readonly fenced = new Counter(true);
  readonly bare = new Counter(false);
  /** Is called while somebody is in its section: it has asked for the bare counter, and has no answer yet. */
  onSection: (pid: number) => void = () => undefined;
  private readonly server: Server;

  private constructor() {
    // Who was stopped for long comes back on its connection.
    this.server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://counter');
      const counter = pathname === '/fenced' ? this.fenced : this.bare;
      const token = Number(searchParams.get('token'));
      const value = searchParams.get('value');
      if (!counter.admits(token)) return response.writeHead(409).end('0');
      if (value !== null) counter.write(token, Number(value));
      response.end(String(counter.value));
      if (counter === this.bare && value === null) this.onSection(Number(searchParams.get('pid')));
      return undefined;
    });
  }

  static async start(): Promise<CounterServer> {
    const counters = new CounterServer();
    await new Promise<void>((resolve) => counters.server.listen(0, '127.0.0.1', resolve));
    return counters;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
