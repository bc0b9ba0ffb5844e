import type { Input } from './input.js';
import { quote } from './escapes.js';

/** So much of a body Go passes over, in bytes, to go on with the connection. */
const mostSkipped = 256 * 1_024;
/** How long the line before a chunk, and everything after the last one, may be, in bytes. */
const longestLine = 4_096;

type Part = 'size' | 'data' | 'end' | 'trailer' | 'done';

/** Takes a body out of what comes in, whatever its framing, and says what is wrong with it in Go's words. */
export class RequestBody {
  /** What has been read to be kept: a byte string. */
  #kept: string[] = [];
  #keptLength = 0;
  #skipped = 0;
  #part: Part;
  /** Of what is being read now, in bytes. */
  #left: number;
  readonly #trailer: string[] = [];
  #trailerLength = 0;
  #end = '';
  #problem: string | undefined;

  constructor(private readonly length: number | 'chunked') {
    this.#part = length === 'chunked' ? 'size' : length === 0 ? 'done' : 'data';
    this.#left = length === 'chunked' ? 0 : length;
  }

  /** Why it breaks off. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get isDone(): boolean {
    return this.#part === 'done';
  }

  get text(): string {
    return this.#kept.length === 1 ? (this.#kept[0] ?? '') : this.#kept.join('');
  }

  /** Whether the connection has ended where a body of known length was not complete. */
  get isShort(): boolean {
    return this.length !== 'chunked' && this.#problem !== undefined;
  }

  /** Whether so much is left that Go closes the connection. */
  get leavesTooMuch(): boolean {
    if (this.#part === 'done') return false;
    return this.length === 'chunked' ? this.#skipped > mostSkipped : this.#left >= mostSkipped;
  }

  /** The connection has ended. */
  breakOff(input: Input): void {
    if (this.#part === 'done' || this.#problem !== undefined) return;
    if (this.#part !== 'trailer') this.#problem = 'unexpected EOF';
    else if (this.#trailerLength + input.held < 2) this.#problem = 'http: unexpected EOF reading trailer';
    else this.#problem = trailerTooLong;
  }

  /**
   * Reads what has come, up to a limit of what is kept.
   *
   * @returns whether there is no more to read: it is complete, broken, or as long as the limit
   */
  read(input: Input, limit: number): boolean {
    this.#run(input, (length) => {
      const text = input.take(Math.min(length, limit - this.#keptLength));
      this.#kept.push(text);
      this.#keptLength += text.length;
      return text.length;
    });
    // A body may come byte by byte.
    if (this.#kept.length > 1_024) this.#kept = [this.#kept.join('')];
    return this.#part === 'done' || this.#problem !== undefined || this.#keptLength >= limit;
  }

  /** Passes over what is left. @returns whether there is no more to pass over, or no use in it */
  skip(input: Input): boolean {
    if (this.leavesTooMuch) return true;
    this.#run(input, (length) => {
      const skipped = input.skip(Math.min(length, mostSkipped + 1 - this.#skipped));
      this.#skipped += skipped;
      return skipped;
    });
    return this.#part === 'done' || this.#problem !== undefined || this.#skipped > mostSkipped;
  }

  /** @param take what to do with data of up to so many bytes @returns how many it has taken */
  #run(input: Input, take: (length: number) => number): void {
    while (this.#part !== 'done' && this.#problem === undefined) {
      if (this.#part === 'data') {
        const taken = take(this.#left);
        this.#left -= taken;
        if (this.#left > 0) {
          if (taken === 0 || input.isEmpty) return;
        } else this.#part = this.length === 'chunked' ? 'end' : 'done';
      } else if (!this.#readFraming(input)) return;
    }
  }

  /** @returns whether anything could be read */
  #readFraming(input: Input): boolean {
    if (this.#part === 'end') return this.#readEnd(input);
    const line = input.line();
    if (line === undefined) {
      if (input.held >= longestLine) this.#problem = this.#part === 'size' ? lineTooLong : trailerTooLong;
      return false;
    }
    if (this.#part === 'size') this.#readSize(line);
    else this.#readTrailer(line);
    return true;
  }

  #readEnd(input: Input): boolean {
    this.#end += input.take(2 - this.#end.length);
    if (this.#end.length < 2) return false;
    if (this.#end !== '\r\n') this.#problem = 'malformed chunked encoding';
    this.#end = '';
    this.#part = 'size';
    return true;
  }

  #readSize(line: string): void {
    if (line.length + 1 >= longestLine) {
      this.#problem = lineTooLong;
      return;
    }
    const digits = (line.replace(/[ \t\r]+$/, '').split(';', 1)[0] ?? '').replace(/[ \t]+$/, '');
    const firstBad = digits.search(/[^0-9A-Fa-f]/);
    if (firstBad >= 0 && firstBad <= 16) this.#problem = 'invalid byte in chunk length';
    else if (digits.length > 16) this.#problem = 'http chunk length too large';
    this.#left = digits === '' ? 0 : Number.parseInt(digits, 16);
    this.#part = this.#left === 0 ? 'trailer' : 'data';
  }

  #readTrailer(line: string): void {
    this.#trailerLength += line.length + 1;
    // Only a CRLF of its own ends the trailer, and only behind another one.
    if (line === '\r' && this.#trailer.at(-1)?.endsWith('\r') !== false) {
      this.#problem = trailerProblem(this.#trailer);
      this.#part = 'done';
      return;
    }
    this.#trailer.push(line);
    if (this.#trailerLength >= longestLine) this.#problem = trailerTooLong;
  }
}

const lineTooLong = 'header line too long';
const trailerTooLong = 'http: suspiciously long trailer after chunked body';

function trailerProblem(lines: readonly string[]): string | undefined {
  const isFolded = (line: string): boolean => line.startsWith(' ') || line.startsWith('\t');
  const texts = lines.map((line) => line.replace(/\r$/, ''));
  const [first = ''] = texts;
  if (isFolded(first)) return `malformed MIME header initial line: ${first}`;
  const bad = texts.find((line) => !isFolded(line) && !line.includes(':'));
  return bad === undefined ? undefined : `malformed MIME header: missing colon: ${quote(bad)}`;
}
