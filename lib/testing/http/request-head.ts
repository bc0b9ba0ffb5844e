import type { RequestHeaders } from './etcd-request.js';
import { HeaderFields } from './header-fields.js';
import { badRequest, type Refusal } from './refusal.js';
import { parseTarget, type Target } from './target.js';

/** What stands before the body of a request. All texts are byte strings. */
export interface RequestHead extends Target {
  readonly method: string;
  /** The target as it was sent. */
  readonly url: string;
  readonly headers: RequestHeaders;
  /** Whether it is of HTTP/1.0. */
  readonly isOld: boolean;
  /** Whether the client wants the connection closed. */
  readonly closes: boolean;
  /** Whether a client of HTTP/1.0 wants the connection kept. */
  readonly keepsOld: boolean;
  /** In bytes, up to `2 ** 63`. */
  readonly bodyLength: number | 'chunked';
  /** What it expects: a `100 Continue`, or what nobody knows. */
  readonly expectation: 'none' | 'continue' | 'unknown';
}

interface RequestLine extends Target {
  readonly method: string;
  readonly url: string;
  readonly version: string;
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Reads the lines of a head as Go does, one after the other. */
export class HeadParser {
  #first: RequestLine | undefined;
  #fields = new HeaderFields();
  /** The last header, the next line of which may go on with it. */
  #open: string | undefined;

  /** Whether nothing has been read yet. */
  get isNew(): boolean {
    return this.#first === undefined;
  }

  /** @param line without its line feed @returns the head once it is complete, or what is wrong with it */
  read(line: string): RequestHead | Refusal | undefined {
    const text = withoutCarriageReturn(line);
    if (this.#first === undefined) {
      this.#first = parseRequestLine(text);
      return this.#first === undefined ? badRequest : undefined;
    }
    if (text === '') return this.#finish(this.#first);
    const isMore = text.startsWith(' ') || text.startsWith('\t');
    if (isMore ? this.#open === undefined : !text.includes(':')) return badRequest;
    if (isMore) {
      this.#open += ` ${trim(text)}`;
      return undefined;
    }
    if (this.#open !== undefined) this.#fields.add(this.#open);
    this.#open = trim(text);
    return undefined;
  }

  #finish({ method, url, path, query, version }: RequestLine): RequestHead | Refusal {
    if (this.#open !== undefined) this.#fields.add(this.#open);
    const fields = this.#fields;
    const isOld = version < '1.1';
    const isPreface = version === '2.0' && method === 'PRI' && url === '*';
    const framing = fields.framing(isOld);
    if (typeof framing === 'object') return framing;
    if (!version.startsWith('1.') && !isPreface) {
      const status = '505 HTTP Version Not Supported: unsupported protocol version';
      return { status };
    }
    const problem = fields.problem(!isOld && !isPreface && method !== 'CONNECT');
    if (problem !== undefined) return { status: `400 Bad Request: ${problem}` };
    const { keepsAlive } = fields;
    const closes = fields.closes || isPreface || (isOld && !keepsAlive.any);
    const expectation = fields.expectation(!isOld && framing !== 0);
    const { headers } = fields;
    return {
      method,
      url,
      path,
      query,
      headers,
      isOld,
      closes,
      keepsOld: isOld && keepsAlive.first,
      bodyLength: framing,
      expectation,
    };
  }
}

/** @returns `undefined` if it is none */
function parseRequestLine(line: string): RequestLine | undefined {
  const first = line.indexOf(' ');
  const second = line.indexOf(' ', first + 1);
  if (first < 1 || second < 0) return undefined;
  const method = line.slice(0, first);
  const url = line.slice(first + 1, second);
  const version = line.slice(second + 1);
  if (!/^HTTP\/\d\.\d$/.test(version) || !token.test(method)) return undefined;
  const target = parseTarget(method, url);
  if (target === undefined) return undefined;
  return { method, url, version: version.slice(5), path: target.path, query: target.query };
}

/** Whether etcd takes the first line of a connection for HTTP/1 at all. @param line without its end */
export function looksLikeHttp(line: string): boolean {
  return /^[^ ]* [^ ]* HTTP\/1\.\d$/.test(line);
}

export function withoutCarriageReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}
