import { createSocket, type Socket } from 'node:dgram';

import { buildResponse, type DnsRecord, encodeName, parseQuestion, RECORD_TYPES } from './dns-message.js';

export interface SrvRecord {
  target: string;
  port: number;
  /** @default 0 */
  priority?: number;
  /** @default 0 */
  weight?: number;
}

/** How the server behaves: it answers, it answers SERVFAIL, or it says nothing. */
export type DnsMode = 'answer' | 'servfail' | 'silent';

/** A DNS server on loopback (UDP) with a table of SRV and A records that may change at any time. */
export class DnsServer implements AsyncDisposable {
  /** All questions, in order of arrival; `type` is `'A'`, `'SRV'` or the number of another type. */
  readonly queries: Array<{ name: string; type: string }> = [];
  mode: DnsMode = 'answer';

  private readonly table = new Map<string, DnsRecord[]>();
  private readonly socket: Socket = createSocket('udp4');

  static async start(): Promise<DnsServer> {
    const server = new DnsServer();
    server.socket.on('message', (message, { port, address }) => server.answer(message, port, address));
    await new Promise<void>((resolve, reject) => {
      server.socket.once('error', reject);
      server.socket.bind(0, '127.0.0.1', resolve);
    });
    return server;
  }

  /** For `Resolver.setServers([server.address])`. */
  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  /** Replaces the SRV records of a name. */
  setSrv(name: string, records: SrvRecord[]): void {
    this.replace(
      name,
      RECORD_TYPES.SRV,
      records.map(({ target, port, priority = 0, weight = 0 }) => {
        const numbers = Buffer.alloc(6);
        [priority, weight, port].forEach((number, i) => numbers.writeUInt16BE(number, i * 2));
        return Buffer.concat([numbers, encodeName(target)]);
      }),
    );
  }

  /** Replaces the IPv4 addresses of a name. */
  setA(name: string, addresses: string[]): void {
    this.replace(
      name,
      RECORD_TYPES.A,
      addresses.map((address) => Buffer.from(address.split('.').map(Number))),
    );
  }

  /** Forgets a name: questions for it are answered NXDOMAIN. */
  remove(name: string): void {
    this.table.delete(name.toLowerCase());
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.socket.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private replace(name: string, type: number, data: Buffer[]): void {
    const others = (this.table.get(name.toLowerCase()) ?? []).filter((record) => record.type !== type);
    // A time to live of 0: a table that was changed is seen by the next question.
    this.table.set(name.toLowerCase(), [...others, ...data.map((bytes) => ({ type, ttl: 0, data: bytes }))]);
  }

  private answer(message: Buffer, port: number, address: string): void {
    const question = parseQuestion(message);
    const type = Object.entries(RECORD_TYPES).find(([, number]) => number === question.type)?.[0];
    this.queries.push({ name: question.name, type: type ?? String(question.type) });
    if (this.mode === 'silent') return;
    const records = this.table.get(question.name);
    const code = this.mode === 'servfail' ? 2 : records ? 0 : 3;
    const matching = code === 0 ? (records ?? []).filter((record) => record.type === question.type) : [];
    this.socket.send(buildResponse(question, code, matching), port, address);
  }
}
