import type { Input } from './input.js';
import { badRequest, type Refusal, tooLarge } from './refusal.js';
import { HeadParser, looksLikeHttp, type RequestHead, withoutCarriageReturn } from './request-head.js';

/** How long a head may be, in bytes. */
const longestHead = 1_024 * 1_024 + 4_096;

/** etcd gives a new connection up if its first line is longer than this, without a word (protocol page, 1.1). */
const longestFirstLine = 4_096;

/** So many bytes of line ends Go passes over after a POST, because some browsers send them. */
const mostLineEnds = 4;

/** The end of the connection in place of a head: a reset, one without a word, or the one that the client wanted. */
export type ConnectionEnd = 'reset' | 'destroy' | 'end';

/** Reads one head after the other from a connection. */
export class HeadReader {
  #parser = new HeadParser();
  #length = 0;
  #lineEnds = 0;

  /** @param isSniffed whether the first line must look like HTTP/1 */
  constructor(
    private readonly input: Input,
    private isSniffed: boolean,
  ) {}

  /** @param hasEnded whether no more will come @returns `undefined` as long as there is no complete head */
  read(hasEnded: boolean): RequestHead | Refusal | ConnectionEnd | undefined {
    const { input } = this;
    if (this.#lineEnds > 0) this.#lineEnds -= input.skipLineEnds(this.#lineEnds);
    for (;;) {
      const line = input.line();
      const length = this.#length + (line === undefined ? input.held : line.length + 1);
      if (this.isSniffed) {
        const end = this.#sniff(line, length, hasEnded);
        if (end !== undefined) return end;
      }
      if (length > longestHead) return tooLarge;
      if (line === undefined) return hasEnded ? this.#endOfInput() : undefined;
      this.#length = length;
      this.#lineEnds = 0;
      const read = this.#parser.read(line);
      if (read === undefined) continue;
      this.#parser = new HeadParser();
      this.#length = 0;
      if ('method' in read && read.method === 'POST') this.#lineEnds = mostLineEnds;
      return read;
    }
  }

  /** @returns how the connection ends if its first line is none of HTTP/1 */
  #sniff(line: string | undefined, length: number, hasEnded: boolean): ConnectionEnd | undefined {
    if (length > longestFirstLine || (line === undefined && length === longestFirstLine)) return 'reset';
    if (line === undefined && !hasEnded) return undefined;
    this.isSniffed = false;
    // Without a line feed, a carriage return is a part of the line.
    const text = line === undefined ? this.input.peekLine() : withoutCarriageReturn(line);
    return looksLikeHttp(text) ? undefined : 'destroy';
  }

  #endOfInput(): Refusal | 'end' {
    return this.#parser.isNew && this.input.held === 0 ? 'end' : badRequest;
  }
}
