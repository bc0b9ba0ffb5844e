/** So long a chunk is not kept alive by short texts that are taken out of it, in bytes. */
const longChunk = 2_048;

const newline = 0x0a;

/** What a connection has received and nobody has read yet. What it gives are byte strings. */
export class Input {
  #chunk: Buffer = Buffer.alloc(0);
  #text = '';
  #position = 0;
  /** The beginning of a line that has no end yet, and its length. */
  #pieces: string[] = [];
  #held = 0;

  get isEmpty(): boolean {
    return this.#position === this.#text.length;
  }

  /** How much there is of a line without an end, in bytes: all of it has been read. */
  get held(): number {
    return this.#held;
  }

  feed(chunk: Buffer): void {
    const all = this.isEmpty ? chunk : Buffer.concat([this.#chunk.subarray(this.#position), chunk]);
    this.#chunk = all;
    this.#text = all.toString('latin1');
    this.#position = 0;
  }

  clear(): void {
    this.#chunk = this.#chunk.subarray(0, 0);
    this.#text = '';
    this.#position = 0;
    this.#pieces = [];
    this.#held = 0;
  }

  /** Reads a line. @returns it without its line feed; `undefined` if it has no end yet */
  line(): string | undefined {
    const start = this.#position;
    const end = this.#text.indexOf('\n', start);
    if (end < 0) {
      this.#hold(this.#slice(start, this.#text.length));
      return undefined;
    }
    this.#position = end + 1;
    const line = this.#slice(start, end);
    return this.#held === 0 ? line : this.#join(line);
  }

  /** The beginning of a line that has no end yet. */
  peekLine(): string {
    return this.#pieces.join('');
  }

  /** Reads up to so many bytes. */
  take(length: number): string {
    const start = this.#position;
    this.#position = Math.min(this.#text.length, start + length);
    return this.#chunk.toString('latin1', start, this.#position);
  }

  /** Passes up to so many bytes over. @returns how many */
  skip(length: number): number {
    const start = this.#position;
    this.#position = Math.min(this.#text.length, start + length);
    return this.#position - start;
  }

  /** Passes over the line ends at the beginning, up to so many bytes. @returns how many */
  skipLineEnds(length: number): number {
    const start = this.#position;
    while (this.#position < this.#text.length && this.#position - start < length) {
      const code = this.#text.charCodeAt(this.#position);
      if (code !== newline && code !== 0x0d) break;
      this.#position++;
    }
    return this.#position - start;
  }

  #slice(start: number, end: number): string {
    return this.#chunk.length > longChunk
      ? this.#chunk.toString('latin1', start, end)
      : this.#text.slice(start, end);
  }

  #hold(text: string): void {
    this.#position = this.#text.length;
    this.#held += text.length;
    this.#pieces.push(text);
    // A line may come byte by byte.
    if (this.#pieces.length > 1_024) this.#pieces = [this.#pieces.join('')];
  }

  #join(end: string): string {
    const line = this.#pieces.join('') + end;
    this.#pieces = [];
    this.#held = 0;
    return line;
  }
}
