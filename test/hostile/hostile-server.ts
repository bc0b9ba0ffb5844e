import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** One thing that a hostile server does to a connection. */
export type Step =
  | { readonly do: 'send'; readonly bytes: Buffer }
  | { readonly do: 'wait'; readonly ms: number }
  /** Sends one byte after the other. */
  | { readonly do: 'trickle'; readonly bytes: Buffer; readonly ms: number }
  /** Sends without an end: as fast as it is read, or with a pause in between. */
  | { readonly do: 'flood'; readonly bytes: Buffer; readonly ms: number }
  | { readonly do: 'end' }
  | { readonly do: 'reset' };

/** What a hostile server does. A step that needs to know what was asked is made when it is. */
export interface Script {
  /** To a new connection, before anything was asked. */
  readonly greeting: readonly Step[];
  /** To the question who it is; `undefined` answers it well. */
  readonly hello: ((head: string) => readonly Step[]) | undefined;
  /** To every other request. */
  readonly answer: (request: string) => readonly Step[];
}

/** A server that follows a script, to the byte. */
export class HostileServer implements AsyncDisposable {
  /** The first lines of the requests since the script began, those who it is left out. */
  requests: string[] = [];
  /** How many bytes were written so far. */
  bytesSent = 0;
  private script: Script = { greeting: [], hello: undefined, answer: () => [] };
  private readonly open = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly goodHello: Buffer,
  ) {
    server.on('connection', (socket) => this.serve(socket));
  }

  static async start(goodHello: Buffer): Promise<HostileServer> {
    const hostile = new HostileServer(createServer(), goodHello);
    await new Promise<void>((resolve) => hostile.server.listen(0, '127.0.0.1', resolve));
    return hostile;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Ends what the last script has left open, and begins another. */
  begin(script: Script): void {
    for (const socket of this.open) socket.destroy();
    this.script = script;
    this.requests = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket): void {
    const { script } = this;
    this.open.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => this.open.delete(socket));
    socket.on('error', () => socket.destroy());
    let order = this.follow(socket, script.greeting);
    let buffered = '';
    socket.on('data', (chunk: Buffer) => {
      buffered += chunk.toString('latin1');
      for (let whole = takeRequest(buffered); whole !== undefined; whole = takeRequest(buffered)) {
        buffered = buffered.slice(whole.length);
        const request = whole;
        const isHello = request.startsWith('GET /v2/members HTTP') && !/^authorization:/im.test(request);
        if (!isHello) this.requests.push(request.slice(0, request.indexOf('\r\n')));
        order = order.then(() => {
          if (!isHello) return this.follow(socket, script.answer(request));
          return this.follow(socket, script.hello?.(request) ?? [{ do: 'send', bytes: this.goodHello }]);
        });
      }
    });
  }

  private async follow(socket: Socket, steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      switch (step.do) {
        case 'send':
          await this.send(socket, step.bytes);
          break;
        case 'wait':
          await sleep(step.ms);
          break;
        case 'trickle':
          for (const byte of step.bytes) {
            if (socket.destroyed) return;
            await this.send(socket, Buffer.of(byte));
            await sleep(step.ms);
          }
          break;
        case 'flood':
          while (!socket.destroyed) {
            await this.send(socket, step.bytes);
            if (step.ms > 0) await sleep(step.ms);
          }
          break;
        case 'end':
          socket.end();
          break;
        case 'reset':
          socket.resetAndDestroy();
          break;
      }
    }
  }

  /** Resolves when the bytes are written, or cannot be any more. */
  private send(socket: Socket, bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (socket.destroyed || socket.writableEnded) return resolve();
      this.bytesSent += bytes.length;
      socket.write(bytes, () => resolve());
    });
  }
}

function takeRequest(text: string): string | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const length = end + 4 + Number(/^content-length: *(\d+)/im.exec(text.slice(0, end))?.[1] ?? 0);
  return text.length < length ? undefined : text.slice(0, length);
}
