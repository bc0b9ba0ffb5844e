import { STATUS_CODES } from 'node:http';

import type { Answer } from './answer.js';
import type { RequestHead } from './request-head.js';

/** Bodies up to this size have a `Content-Length`; Go's buffer is no larger. In bytes. */
export const longestWhole = 2_048;

/** How the end of a body is told: by its length, by chunks, or by the end of the connection; `none` has no body. */
export type Framing = number | 'chunked' | 'connection' | 'none';

/** How a request wants to be answered. */
export type Manner = Pick<RequestHead, 'isOld' | 'closes' | 'keepsOld'> & { readonly method: string };

export type AnswerStart = Omit<Answer, 'body'>;

/** Every answer has these, because etcd's default is to allow all origins. */
const cors = [
  ['Access-Control-Allow-Headers', 'accept, content-type, authorization'],
  ['Access-Control-Allow-Methods', 'POST, GET, OPTIONS, PUT, DELETE'],
  ['Access-Control-Allow-Origin', '*'],
] as const;

const corsText = cors.map(([name, value]) => `${name}: ${value}\r\n`).join('');

/** Whether an answer may have a body at all. */
export function mayHaveBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304;
}

/** How the connection goes on after an answer, and what is said about that. */
export interface Ending {
  readonly closes: boolean;
  /** The value of `Connection`, where it is not the rule of that version of HTTP. */
  readonly said: 'close' | 'keep-alive' | undefined;
}

/** Either side says what is not the rule in its version of HTTP. */
export function endingOf(manner: Manner, start: AnswerStart, framing: Framing): Ending {
  const { isOld, keepsOld, method } = manner;
  const hasLength = typeof framing === 'number' || method === 'HEAD' || !mayHaveBody(start.status);
  const says = start.headers.some(([name]) => name === 'Connection');
  const mustClose = start.close === true || says || framing === 'connection';
  if (keepsOld && hasLength && !mustClose) return { closes: false, said: 'keep-alive' };
  if (!isOld && !manner.closes && !mustClose) return { closes: false, said: undefined };
  return { closes: true, said: isOld || says ? undefined : 'close' };
}

/** Status and headers in the spelling and the order of Go's: the handler's own, the date, the framing. */
export function formatHead(
  start: AnswerStart,
  framing: Framing,
  { said }: Ending,
  { isOld, date }: { readonly isOld: boolean; readonly date: string },
): string {
  const { status, headers, sniffed, origins } = start;
  let text = `HTTP/1.${isOld ? 0 : 1} ${status} ${STATUS_CODES[status] ?? `status code ${status}`}\r\n`;
  if (origins !== false) text += corsText;
  let own = '';
  let hasLength = false;
  for (const [name, value] of headers) {
    own += `${name}: ${value}\r\n`;
    hasLength ||= name === 'Content-Length';
  }
  if (sniffed !== true) text += own;
  text += `Date: ${date}\r\n`;
  if (typeof framing === 'number' && !hasLength) text += `Content-Length: ${framing}\r\n`;
  if (sniffed === true) text += own;
  if (said !== undefined) text += `Connection: ${said}\r\n`;
  return framing === 'chunked' ? `${text}Transfer-Encoding: chunked\r\n\r\n` : `${text}\r\n`;
}

/** The same as {@link formatHead} gives, name by name, for who reads no text. */
export function headerList(
  { headers, origins }: AnswerStart,
  framing: Framing,
  date: string,
): (readonly [name: string, value: string])[] {
  const all: (readonly [name: string, value: string])[] = origins === false ? [] : [...cors];
  all.push(...headers, ['Date', date]);
  const hasLength = headers.some(([name]) => name === 'Content-Length');
  if (typeof framing === 'number' && !hasLength) all.push(['Content-Length', String(framing)]);
  if (framing === 'chunked') all.push(['Transfer-Encoding', 'chunked']);
  return all;
}
