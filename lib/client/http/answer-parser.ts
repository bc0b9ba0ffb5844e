const carriageReturn = 0x0d;
const newline = 0x0a;
/** The head of an answer, a line between two chunks and all trailers are at most so long, in characters. */
const longestHead = 16 * 1_024;

const statusLine = /^HTTP\/1\.[01] ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/;
const extension = /^[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
/** Digits of the size of a chunk, which is then a number without loss. */
const mostDigits = 13;
const contentLength = /^\d{1,15}$/;

/** Takes what an answer consists of. */
export interface AnswerSink {
  /** @param headers names and values by turns, as they were sent */
  onHeaders(status: number, headers: Buffer[]): void;
  /** @param chunk a part of the body, in memory that is used again afterwards */
  onData(chunk: Buffer): void;
  onComplete(): void;
}

/** What came is not HTTP/1.1, or longer than a head may be. It quotes nothing of it, since that may hold values. */
export class HttpSyntaxError extends Error {
  override readonly name = 'HttpSyntaxError';
}

/**
 * What comes next of the answer: its head, the body of known length, all up to the end of the connection, or the parts of
 * a chunked body, the line with the size of a chunk in two.
 */
type Part = 'head' | 'length' | 'rest' | 'size' | 'extension' | 'chunk' | 'chunkEnd' | 'trailer' | 'done';

/** Reads one HTTP/1.1 answer to a `GET` while it comes. It hands the bytes of the body on without a copy. */
export class AnswerParser {
  #part: Part = 'head';
  /** Bytes that are left of the body or of the chunk. */
  #left = 0;
  /** The beginning of a line of which the rest has not come yet. */
  #line = '';
  #lines: string[] = [];
  /** How much of the present part has been read, in bytes; not of a body. */
  #length = 0;
  #isStopped = false;

  constructor(private readonly sink: AnswerSink) {}

  /** Nothing more is told: the answer is of no interest any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Whether the answer is whole. */
  get isDone(): boolean {
    return this.#part === 'done';
  }

  /**
   * @param at where the part of this answer begins in the bytes
   * @returns where what comes behind the answer begins
   * @throws {HttpSyntaxError}
   */
  read(bytes: Buffer, at = 0): number {
    while (at < bytes.length && this.#part !== 'done' && !this.#isStopped) {
      if (this.#part === 'chunk' || this.#part === 'length' || this.#part === 'rest')
        at = this.#readBody(bytes, at);
      else if (this.#part === 'size') at = this.#readSize(bytes, at);
      else if (this.#part === 'chunkEnd') at = this.#readChunkEnd(bytes, at);
      else at = this.#readLine(bytes, at);
    }
    return at;
  }

  /** The connection has ended. @returns whether the answer was whole */
  end(): boolean {
    if (this.#part === 'rest') this.#complete();
    return this.isDone;
  }

  #readBody(bytes: Buffer, at: number): number {
    const end = this.#part === 'rest' ? bytes.length : Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    const isLast = this.#left === 0 && this.#part !== 'rest';
    this.sink.onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    if (isLast && this.#part === 'chunk') this.#expect('chunkEnd');
    else if (isLast) this.#complete();
    return end;
  }

  // These two are read for each change, and so byte by byte, without a text of any line.

  #readSize(bytes: Buffer, at: number): number {
    for (; at < bytes.length; at++) {
      const digit = hexDigit(bytes[at] as number);
      if (digit < 0) {
        if (this.#length === 0) throw new HttpSyntaxError('a bad size of a chunk');
        this.#expect('extension');
        if (bytes[at] !== carriageReturn || bytes[at + 1] !== newline) return at;
        this.#beginChunk();
        return at + 2;
      }
      if (++this.#length > mostDigits) throw new HttpSyntaxError('too long a chunk');
      this.#left = this.#left * 16 + digit;
    }
    return at;
  }

  #readChunkEnd(bytes: Buffer, at: number): number {
    const isRight = bytes[at] === (this.#length === 0 ? carriageReturn : newline);
    if (!isRight) throw new HttpSyntaxError('a chunk that is longer than it says');
    if (++this.#length === 2) this.#expect('size');
    return at + 1;
  }

  #readLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(newline, at);
    const next = end < 0 ? bytes.length : end + 1;
    this.#length += next - at;
    if (this.#length > longestHead) throw new HttpSyntaxError('too long a head');
    this.#line += bytes.toString('latin1', at, next);
    if (end < 0) return next;
    const line = this.#line;
    this.#line = '';
    if (!line.endsWith('\r\n')) throw new HttpSyntaxError('a line that does not end with CR LF');
    this.#take(line.slice(0, -2));
    return next;
  }

  #take(line: string): void {
    if (this.#part === 'extension') {
      if (!extension.test(line)) throw new HttpSyntaxError('a bad size of a chunk');
      this.#beginChunk();
    } else if (this.#part === 'trailer') {
      if (line === '') this.#complete();
      else if (!field.test(line)) throw new HttpSyntaxError('a bad trailer');
    } else if (line !== '') this.#lines.push(line);
    else this.#takeHead();
  }

  #beginChunk(): void {
    this.#expect(this.#left === 0 ? 'trailer' : 'chunk');
  }

  #takeHead(): void {
    const [first = '', ...lines] = this.#lines;
    this.#lines = [];
    const status = Number(statusLine.exec(first)?.[1]);
    if (Number.isNaN(status) || status === 101) throw new HttpSyntaxError('a bad status line');
    const fields = lines.map((line) => {
      const [, name, value] = field.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new HttpSyntaxError('a bad header');
      return { name, value: trimmed(value) };
    });
    // What comes before the answer itself says nothing to a watch.
    if (status < 200) return this.#expect('head');
    this.#expectBody(status, fields);
    this.sink.onHeaders(
      status,
      fields.flatMap(({ name, value }) => [Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1')]),
    );
    if (this.#part === 'length' && this.#left === 0) this.#complete();
  }

  #expectBody(status: number, fields: readonly { readonly name: string; readonly value: string }[]): void {
    const valuesOf = (name: string) =>
      fields.filter((each) => each.name.toLowerCase() === name).map(({ value }) => value);
    const encodings = valuesOf('transfer-encoding');
    const lengths = new Set(valuesOf('content-length'));
    const [length = '0'] = lengths;
    const isChunked = encodings.length > 0;
    if (encodings.some((encoding) => encoding.toLowerCase() !== 'chunked') || encodings.length > 1)
      throw new HttpSyntaxError('a transfer encoding other than chunked');
    // Whoever stands between may have taken the other one.
    if (lengths.size > 1 || !contentLength.test(length) || (isChunked && lengths.size > 0))
      throw new HttpSyntaxError('a doubtful length');
    const isEmpty = status === 204 || status === 304;
    this.#left = isEmpty ? 0 : Number(length);
    if (isChunked && !isEmpty) return this.#expect('size');
    this.#expect(isEmpty || lengths.size > 0 ? 'length' : 'rest');
  }

  #expect(part: Part): void {
    this.#part = part;
    this.#length = 0;
  }

  #complete(): void {
    this.#part = 'done';
    if (!this.#isStopped) this.sink.onComplete();
  }
}

/** Without the spaces and tabs around it: by hand, because a pattern for that takes the square of their number. */
function trimmed(text: string): string {
  const isBlank = (at: number): boolean => text[at] === ' ' || text[at] === '\t';
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(start)) start++;
  while (end > start && isBlank(end - 1)) end--;
  return text.slice(start, end);
}

/** The value of a hexadecimal digit; -1 for what is none. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
