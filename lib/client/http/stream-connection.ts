import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { AnswerParser } from './answer-parser.js';
import type { Connector } from './connector.js';

/**
 * A connection for one answer that stays open, over which one `GET` is sent. What comes is read into the same memory again
 * and again, by a parser of its own: so a change costs about half of what it does with a client for all kinds of requests.
 */
export class StreamConnection {
  readonly #origin: URL;
  readonly #answer: AnswerParser;
  #socket: Socket | undefined;
  /** Who is told, until it is over. */
  #handler: Dispatcher.DispatchHandler | undefined;
  /** Why nothing is sent any more. */
  #cause: Error | undefined;

  constructor(
    origin: string,
    private readonly connector: Connector,
  ) {
    this.#origin = new URL(origin);
    this.#answer = new AnswerParser({
      onHeaders: (status, headers) => this.#handler?.onHeaders?.(status, headers, () => undefined, ''),
      onData: (chunk) => this.#handler?.onData?.(chunk),
      onComplete: () => this.#end()?.onComplete?.([]),
    });
  }

  /** The handler must not keep what it is given of the body: that memory is used again. */
  dispatch({ path, headers }: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { protocol, host, port } = this.#origin;
    const hostname = this.#origin.hostname.replace(/^\[(.*)\]$/, '$1');
    const fields = ['host', host, ...(headers as string[])];
    let head = `GET ${path} HTTP/1.1\r\n`;
    for (let i = 0; i + 1 < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`;
    this.#handler = handler;
    if (this.#cause !== undefined) this.#fail(this.#cause);
    else
      this.connector.connectReader({ protocol, hostname, host, port }, this.#read, (error, socket) => {
        if (error === null) this.#send(socket, `${head}\r\n`);
        else this.#fail(error);
      });
    return true;
  }

  close(): Promise<void> {
    return this.destroy(new Error('The connection was closed.'));
  }

  /** Ends what is under way, and takes no more. It never rejects. */
  destroy(cause: Error): Promise<void> {
    this.#cause ??= cause;
    this.#fail(cause);
    return Promise.resolve();
  }

  #send(socket: Socket, head: string): void {
    this.#socket = socket;
    if (this.#handler === undefined) return void socket.destroy();
    socket.on('error', (error) => this.#fail(error));
    socket.on('end', () => this.#answer.end());
    socket.on('close', () => this.#fail(new CutShort()));
    this.#handler.onConnect?.((cause = new Error('The request was aborted.')) => this.#fail(cause));
    if (!socket.destroyed) socket.write(head, 'latin1');
  }

  readonly #read = (bytes: Buffer): void => {
    try {
      this.#answer.read(bytes);
    } catch (error) {
      this.#fail(error as Error);
    }
  };

  #fail(cause: Error): void {
    this.#end()?.onError?.(cause);
  }

  /** Ends all. Gives whoever is still to be told so. */
  #end(): Dispatcher.DispatchHandler | undefined {
    const handler = this.#handler;
    this.#handler = undefined;
    this.#answer.stop();
    this.#socket?.destroy();
    return handler;
  }
}

class CutShort extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('The connection has ended before the answer.');
  }
}
