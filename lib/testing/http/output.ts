import type { Socket } from 'node:net';

/** So much is gathered before it is written, in bytes. */
const longestBatch = 65_536;

/** What is written to a connection: in as few writes as can be. All texts are byte strings. */
export class Output {
  #text = '';
  #isHeld = false;
  #isFull = false;
  #left = Number.POSITIVE_INFINITY;

  constructor(private readonly socket: Socket) {}

  /** Whether the client does not read as fast as it is written to; until the socket's `drain`. */
  get isFull(): boolean {
    return this.#isFull;
  }

  write(text: string): void {
    this.#text += text;
    if (!this.#isHeld || this.#text.length > longestBatch) this.flush();
  }

  /** Gathers what is written from now on, until {@link release}. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.flush();
  }

  flush(): void {
    const text = this.#text;
    if (text === '') return;
    this.#text = '';
    if (text.length > this.#left) this.#cut(text);
    else {
      this.#left -= text.length;
      this.#isFull = !this.socket.write(text, 'latin1');
    }
  }

  drained(): void {
    this.#isFull = false;
  }

  /** Ends the connection once so many bytes more have been written to it. */
  cutAfter(bytes: number): void {
    this.flush();
    this.#left = bytes;
  }

  #cut(text: string): void {
    const rest = text.slice(0, this.#left);
    this.#left = 0;
    if (rest === '') this.socket.destroy();
    else this.socket.write(rest, 'latin1', () => this.socket.destroy());
  }
}
