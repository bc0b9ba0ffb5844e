import type { IncomingMessage, ServerResponse } from 'node:http';

/** What is to be answered. All texts are byte strings. */
export interface Answer {
  readonly status: number;
  /** In the order of their names; those of CORS, the date and the length come by themselves. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Whether the type is for Go to find out, which writes it after the length. */
  readonly sniffed?: boolean;
  /** Whether any origin may read it. @default true */
  readonly origins?: boolean;
  /** Whether the connection ends with it. */
  readonly close?: boolean;
}

export const json = ['Content-Type', 'application/json'] as const;
export const text = ['Content-Type', 'text/plain; charset=utf-8'] as const;
const nosniff = ['X-Content-Type-Options', 'nosniff'] as const;

/** A refusal in words, as Go's HTTP library gives it. */
export function plainError(status: number, message: string, allow?: string): Answer {
  const headers = [text, nosniff] as const;
  const body = `${message}\n`;
  return { status, headers: allow === undefined ? headers : [['Allow', allow], ...headers], body };
}

export const notFound = plainError(404, '404 page not found');

export function methodNotAllowed(allow: string): Answer {
  return plainError(405, 'Method Not Allowed', allow);
}

/** Bodies up to this size have a `Content-Length`; Go's buffer is no larger. */
const longestWhole = 2_048;

/** Every answer has these, because etcd's default is to allow all origins. */
const cors: Headers = [
  ['Access-Control-Allow-Headers', 'accept, content-type, authorization'],
  ['Access-Control-Allow-Methods', 'POST, GET, OPTIONS, PUT, DELETE'],
  ['Access-Control-Allow-Origin', '*'],
];

type Headers = Answer['headers'];

/** Writes status and headers in the spelling and the order of Go's: the handler's own, the date, the framing. */
export function writeHead(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, sniffed, origins, close }: Omit<Answer, 'body'>,
  { length, chunked }: { readonly length?: number; readonly chunked?: boolean },
): void {
  const has = (name: string): boolean => headers.some(([each]) => each === name);
  const isOld = request.httpVersion === '1.0';
  const ends = close === true || !response.shouldKeepAlive;
  // Node adds one unless it believes that it was taken away.
  response.removeHeader('Connection');
  const all: (readonly [name: string, value: string])[] = origins === false ? [] : [...cors];
  if (sniffed !== true) all.push(...headers);
  all.push(['Date', new Date().toUTCString()]);
  if (length !== undefined && !has('Content-Length')) all.push(['Content-Length', String(length)]);
  if (sniffed === true) all.push(...headers);
  // Either side says what is not the rule in its version of HTTP.
  if (ends !== isOld && !has('Connection')) all.push(['Connection', ends ? 'close' : 'keep-alive']);
  if (chunked === true) all.push(['Transfer-Encoding', 'chunked']);
  response.writeHead(status, all.flat());
}

/** Sends a whole answer. */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, body } = answer;
  const isWhole = body.length <= longestWhole || request.httpVersion === '1.0';
  if (request.method === 'HEAD') {
    writeHead(request, response, answer, body !== '' && isWhole ? { length: body.length } : {});
    response.end();
  } else if (status === 204) {
    writeHead(request, response, answer, {});
    response.end();
  } else {
    writeHead(request, response, answer, isWhole ? { length: body.length } : { chunked: true });
    response.end(body, 'latin1');
  }
}
