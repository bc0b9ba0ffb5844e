import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** One request as it arrived. */
export interface StubRequest {
  method: string;
  path: string;
  /** Names in lower case; of equal names the last one stays. */
  headers: Record<string, string>;
  body: string;
  /** Which connection carried it, from 1 up. */
  connection: number;
}

/** Ends the connection in an orderly way. */
export const END = { step: 'end' } as const;
/** Resets the connection. */
export const RESET = { step: 'reset' } as const;

/**
 * Bytes to send as they are, or several of them one after the other: an async generator can wait in between. The
 * connection stays open afterwards, unless a step is {@link END} or {@link RESET}.
 */
export type StubReply = string | Buffer | AsyncIterable<string | Buffer | typeof END | typeof RESET>;
export type StubHandler = (request: StubRequest) => StubReply | Promise<StubReply>;

/** The text of a whole, well-formed response with a JSON body. */
export function jsonResponse(
  status: number,
  body: unknown,
  headers: Record<string, string | number> = {},
): string {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    'Content-Type': 'application/json',
    ...headers,
    'Content-Length': Buffer.byteLength(text),
  });
  return [`HTTP/1.1 ${status} Status`, ...lines.map(([name, value]) => `${name}: ${value}`), '', text].join(
    '\r\n',
  );
}

/** A server on a raw socket: it answers with whatever bytes a test wants, hostile ones included. */
export class HttpStub implements AsyncDisposable {
  /** All requests, in order of arrival. */
  readonly requests: StubRequest[] = [];
  /** How many connections were accepted so far. */
  connections = 0;
  /** What answers; may be changed at any time. */
  handler: StubHandler;

  private readonly server: Server;
  private readonly open = new Set<Socket>();

  private constructor(handler: StubHandler) {
    this.handler = handler;
    this.server = createServer((socket) => this.serve(socket, ++this.connections));
  }

  static async start(handler: StubHandler): Promise<HttpStub> {
    const stub = new HttpStub(handler);
    await new Promise<void>((resolve) => stub.server.listen(0, '127.0.0.1', resolve));
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How many connections are open now. */
  get openConnections(): number {
    return this.open.size;
  }

  async stop(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private serve(socket: Socket, connection: number): void {
    this.open.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => this.open.delete(socket));
    socket.on('error', () => socket.destroy());
    let buffered = '';
    let order: Promise<unknown> = Promise.resolve();
    socket.on('data', (chunk: Buffer) => {
      buffered += chunk.toString('latin1');
      for (let parsed = parse(buffered); parsed; parsed = parse(buffered)) {
        buffered = parsed.rest;
        const request = { ...parsed.request, connection };
        this.requests.push(request);
        order = order.then(() => this.reply(socket, request)).catch(() => socket.destroy());
      }
    });
  }

  private async reply(socket: Socket, request: StubRequest): Promise<void> {
    const reply = await this.handler(request);
    if (typeof reply === 'string' || Buffer.isBuffer(reply)) {
      socket.write(reply);
      return;
    }
    for await (const step of reply) {
      if (socket.destroyed) return;
      if (typeof step === 'string' || Buffer.isBuffer(step)) {
        await new Promise<void>((resolve) => socket.write(step, () => resolve()));
      } else if (step.step === 'end') {
        socket.end();
      } else {
        socket.resetAndDestroy();
      }
    }
  }
}

/** Takes one whole request, with a `Content-Length` body if any, off the front of what has arrived. */
function parse(text: string): { request: Omit<StubRequest, 'connection'>; rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  ) as Record<string, string>;
  const bodyEnd = end + 4 + Number(headers['content-length'] ?? 0);
  if (text.length < bodyEnd) return undefined;
  const body = Buffer.from(text.slice(end + 4, bodyEnd), 'latin1').toString('utf8');
  return { request: { method, path, headers, body }, rest: text.slice(bodyEnd) };
}
