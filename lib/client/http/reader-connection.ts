import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { AnswerParser, HttpSyntaxError } from './answer-parser.js';
import type { Connector } from './connector.js';

/**
 * A connection of its own for `GET`s: one whose answer stays open, or many that are sent without waiting for the answers
 * of those before. What comes is read into the same memory again and again, by a parser of its own: so a change costs about
 * half of what it does with a client for all kinds of requests.
 */
export class ReaderConnection {
  readonly #origin: URL;
  #socket: Socket | undefined;
  /** Ends the socket, whether it is connected or not. */
  #disconnect: () => void = () => undefined;
  /** Requests that are not written yet. */
  #unsent = '';
  /** Who is told; the first one, of the answer that comes next. */
  #handlers: Dispatcher.DispatchHandler[] = [];
  #answer: AnswerParser;
  /** Why nothing is sent any more. */
  #cause: Error | undefined;

  constructor(
    origin: string,
    private readonly connector: Connector,
  ) {
    this.#origin = new URL(origin);
    this.#answer = this.#nextAnswer();
  }

  /** The handler must not keep what it is given of the body: that memory is used again. */
  dispatch({ path, headers }: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#cause !== undefined) {
      handler.onError?.(this.#cause);
      return true;
    }
    this.#handlers.push(handler);
    if (this.#handlers.length === 1 && this.#socket === undefined) this.#connect();
    if (this.#unsent === '') queueMicrotask(this.#write);
    this.#unsent += this.#headOf(path, headers as string[]);
    if (this.#socket !== undefined) this.#tellConnected(handler);
    return true;
  }

  close(): Promise<void> {
    return this.destroy(new Error('The connection was closed.'));
  }

  /** Ends what is under way, and takes no more. It never rejects. */
  destroy(cause: Error): Promise<void> {
    this.#fail(cause);
    return Promise.resolve();
  }

  #headOf(path: string, headers: readonly string[]): string {
    const fields = ['host', this.#origin.host, ...headers];
    let head = `GET ${path} HTTP/1.1\r\n`;
    for (let i = 0; i + 1 < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`;
    return `${head}\r\n`;
  }

  #connect(): void {
    const { protocol, host, port } = this.#origin;
    const hostname = this.#origin.hostname.replace(/^\[(.*)\]$/, '$1');
    const address = { protocol, hostname, host, port };
    this.#disconnect = this.connector.connectReader(address, this.#read, (error, socket) => {
      if (error === null) this.#use(socket);
      else this.#fail(error);
    });
  }

  #use(socket: Socket): void {
    this.#socket = socket;
    if (this.#cause !== undefined) return void socket.destroy();
    socket.on('error', (error) => this.#fail(error));
    socket.on('end', () => this.#answer.end());
    socket.on('close', () => this.#fail(new CutShort()));
    for (const handler of this.#handlers) this.#tellConnected(handler);
    this.#write();
  }

  #tellConnected(handler: Dispatcher.DispatchHandler): void {
    handler.onConnect?.((cause = new Error('The request was aborted.')) => this.#fail(cause));
  }

  readonly #write = (): void => {
    if (this.#socket === undefined || this.#cause !== undefined || this.#unsent === '') return;
    this.#socket.write(this.#unsent, 'latin1');
    this.#unsent = '';
  };

  readonly #read = (bytes: Buffer): void => {
    try {
      for (let at = 0; at < bytes.length && this.#cause === undefined;) {
        // It could be taken for the answer to what is asked for next.
        if (this.#handlers.length === 0 || this.#socket === undefined)
          throw new HttpSyntaxError('an answer that nobody has asked for');
        at = this.#answer.read(bytes, at);
        if (this.#answer.isDone) this.#answer = this.#nextAnswer();
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  };

  #nextAnswer(): AnswerParser {
    return new AnswerParser({
      onHeaders: (status, headers) => this.#handlers[0]?.onHeaders?.(status, headers, () => undefined, ''),
      onData: (chunk) => this.#handlers[0]?.onData?.(chunk),
      onComplete: () => this.#handlers.shift()?.onComplete?.([]),
    });
  }

  /** Ends all. */
  #fail(cause: Error): void {
    this.#cause ??= cause;
    const handlers = this.#handlers;
    this.#handlers = [];
    this.#answer.stop();
    this.#disconnect();
    for (const handler of handlers) handler.onError?.(cause);
  }
}

class CutShort extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('The connection has ended before the answer.');
  }
}
