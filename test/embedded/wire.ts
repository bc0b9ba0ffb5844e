import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire. All texts are byte strings. */
export interface WireAnswer {
  readonly statusLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The body without its framing. */
  readonly body: string;
  /** The chunks that it came in, if it did. */
  readonly chunks: readonly string[] | undefined;
  /** Whether the body came to its end; a watch has none. */
  readonly complete: boolean;
}

interface Waiting {
  readonly head: boolean;
  readonly resolve: (answer: WireAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A connection that sends bytes and reads answers, with no HTTP library in between: tests see the spelling and the
 * order of the headers, and send what no client would.
 */
export class Wire implements Disposable {
  #received = '';
  #ended = false;
  #waiting: Waiting | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#look();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#look();
    });
    socket.on('error', () => undefined);
  }

  static async open(url: string): Promise<Wire> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new Wire(socket);
  }

  /** Everything that has come since the last {@link exchange}. */
  get received(): string {
    return this.#received;
  }

  get isOpen(): boolean {
    return !this.#ended;
  }

  /**
   * @param bytes the whole request @param timeout in ms, after which the answer is what has come so far
   * @param enough makes it that at once
   */
  exchange(bytes: string, timeout = 5_000, enough?: AbortSignal): Promise<WireAnswer> {
    return new Promise((resolve, reject) => {
      const end = () => this.#settle(this.soFar());
      const timer = setTimeout(end, timeout);
      enough?.addEventListener('abort', end);
      const done = () => {
        clearTimeout(timer);
        enough?.removeEventListener('abort', end);
      };
      this.#waiting = {
        head: bytes.startsWith('HEAD '),
        resolve: (answer) => (done(), resolve(answer)),
        reject: (error) => (done(), reject(error)),
      };
      this.socket.write(bytes, 'latin1');
      if (this.#ended) this.#look();
    });
  }

  /** Sends a request whose answer may never end; {@link soFar} tells what has come of it. */
  send(bytes: string): void {
    this.socket.write(bytes, 'latin1');
  }

  /** @returns `undefined` before the head of the answer is complete */
  soFar(): WireAnswer | undefined {
    return parseAnswer(this.#received, this.#ended, false);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #look(): void {
    if (this.#waiting === undefined) return;
    const answer = parseAnswer(this.#received, this.#ended, this.#waiting.head);
    if (answer?.complete === true || this.#ended) this.#settle(answer);
  }

  #settle(answer: WireAnswer | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#received = '';
    if (answer === undefined) waiting?.reject(new Error('The connection gave no answer'));
    else waiting?.resolve(answer);
  }
}

/** @returns `undefined` before the head is complete */
function parseAnswer(received: string, ended: boolean, isHead: boolean): WireAnswer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = received.slice(0, end).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(': ');
    return [line.slice(0, colon), line.slice(colon + 2)] as const;
  });
  const rest = received.slice(end + 4);
  const header = (name: string) => headers.find(([each]) => each === name)?.[1];
  const answer = { statusLine, headers, body: '', chunks: undefined, complete: true };
  if (isHead || / (204|1\d\d) /.test(statusLine)) return answer;
  const length = header('Content-Length');
  if (length !== undefined) return { ...answer, body: rest, complete: rest.length >= Number(length) };
  if (header('Transfer-Encoding') === 'chunked') {
    const { chunks, complete } = parseChunks(rest);
    return { ...answer, body: chunks.join(''), chunks, complete };
  }
  return { ...answer, body: rest, complete: ended };
}

function parseChunks(text: string): { chunks: string[]; complete: boolean } {
  const chunks: string[] = [];
  for (let position = 0; ;) {
    const line = text.indexOf('\r\n', position);
    if (line < 0) return { chunks, complete: false };
    const size = Number.parseInt(text.slice(position, line), 16);
    if (size === 0) return { chunks, complete: true };
    const start = line + 2;
    if (text.length < start + size + 2) return { chunks, complete: false };
    chunks.push(text.slice(start, start + size));
    position = start + size + 2;
  }
}
