import type { RequestHeaders } from './etcd-request.js';
import { badRequest, type Refusal } from './refusal.js';

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// oxlint-disable-next-line no-control-regex -- They are what is looked for.
const badByte = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const validHost = /^[A-Za-z0-9!$%&'()*+,\-.:;=[\]_~]*$/;

/** The headers of a request that matter to anybody, as Go understands them. */
export class HeaderFields {
  readonly headers: { authorization?: string; 'content-type'?: string } & RequestHeaders = {};
  readonly #hosts: string[] = [];
  readonly #lengths: string[] = [];
  readonly #encodings: string[] = [];
  /** The value of each `Connection`, in a line of its own. */
  #connection: string | undefined;
  #expect: string | undefined;
  #trailer: string | undefined;
  #problem: string | undefined;

  /** @param line `Name: value`; without a name, it is passed over */
  add(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = line.slice(0, colon);
    let start = colon + 1;
    while (line[start] === ' ' || line[start] === '\t') start++;
    const value = line.slice(start);
    if (!token.test(name)) this.#problem ??= 'invalid header name';
    else if (badByte.test(value)) this.#problem ??= 'invalid header value';
    this.#note(name.toLowerCase(), value);
  }

  /** Whether a header asks for the end of the connection. */
  get closes(): boolean {
    return this.#connection !== undefined && closeToken.test(this.#connection);
  }

  /** Whether a header asks for a connection that is kept; and whether the first one does. */
  get keepsAlive(): { readonly any: boolean; readonly first: boolean } {
    if (this.#connection === undefined) return { any: false, first: false };
    const [first = ''] = this.#connection.split('\n');
    return { any: keepAliveToken.test(this.#connection), first: keepAliveToken.test(first) };
  }

  /** @returns the length of the body in bytes, or what is wrong with the headers that tell it */
  framing(isOld: boolean): number | 'chunked' | Refusal {
    if (this.#hosts.length > 1) return badRequest;
    // Go does not look at it in requests of HTTP/1.0.
    if (this.#encodings.length > 0 && !isOld) {
      if (this.#encodings.length > 1 || this.#encodings[0]?.toLowerCase() !== 'chunked') {
        return { status: '501 Not Implemented', body: 'Unsupported transfer encoding' };
      }
      return hasForbiddenTrailer(this.#trailer) ? badRequest : 'chunked';
    }
    const [first, ...others] = this.#lengths;
    if (first === undefined) return 0;
    const length = first === '' ? 0 : /^\d+$/.test(first) ? Number(first) : undefined;
    const isTooLong = length !== undefined && length >= 2 ** 62 && BigInt(first) >= 2n ** 63n;
    const contradicts = others.some((each) => each !== first);
    return length === undefined || isTooLong || contradicts ? badRequest : length;
  }

  /** What is wrong with the headers, in Go's words. */
  problem(needsHost: boolean): string | undefined {
    const [host] = this.#hosts;
    if (host === undefined && needsHost) return 'missing required Host header';
    if (host !== undefined && !validHost.test(host)) return 'malformed Host header';
    return this.#problem;
  }

  /** @param mayContinue whether there is a body to wait for */
  expectation(mayContinue: boolean): 'none' | 'continue' | 'unknown' {
    if (this.#expect === undefined || this.#expect === '') return 'none';
    if (!continueToken.test(this.#expect)) return 'unknown';
    return mayContinue ? 'continue' : 'none';
  }

  #note(name: string, value: string): void {
    switch (name) {
      case 'host':
        this.#hosts.push(value);
        break;
      case 'content-length':
        // A second line may have left a space.
        this.#lengths.push(value.trimEnd());
        break;
      case 'transfer-encoding':
        this.#encodings.push(value);
        break;
      case 'connection':
        this.#connection = this.#connection === undefined ? value : `${this.#connection}\n${value}`;
        break;
      case 'expect':
        this.#expect ??= value;
        break;
      case 'trailer':
        this.#trailer = this.#trailer === undefined ? value : `${this.#trailer},${value}`;
        break;
      case 'content-type':
        this.headers['content-type'] ??= value;
        break;
      case 'authorization':
        this.headers.authorization ??= value;
        break;
    }
  }
}

const closeToken = /(?:^|[ ,\t\n])close(?:$|[ ,\t\n])/i;
const keepAliveToken = /(?:^|[ ,\t\n])keep-alive(?:$|[ ,\t\n])/i;
const continueToken = /(?:^|[ ,\t])100-continue(?:$|[ ,\t])/i;

const forbiddenTrailer = /(?:^|,)[ \t]*(?:transfer-encoding|trailer|content-length)[ \t]*(?:$|,)/i;

/** Whether a trailer is announced that would change how the body is read. */
function hasForbiddenTrailer(names: string | undefined): boolean {
  return names !== undefined && forbiddenTrailer.test(names);
}
