import { waitFor } from '../support/wait-for.js';
import { countersOf } from './counters.js';
import { Wire, type WireAnswer } from './wire.js';

/** A request in short: `PUT /v2/keys/a?ttl=5 value=1`, the body of which is a form. All texts are byte strings. */
export type Exchange = string | DetailedExchange;

/** A request for which the short form has no room. */
export interface DetailedExchange {
  /** Method and target, e.g. `GET /v2/keys`. */
  readonly request: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Instead of all others: the very bytes. */
  readonly raw?: string;
  /** How many keys have to expire before it is sent, of those that the exchanges before it set. */
  readonly expiring?: number;
  /** Whether its answer may have no end, as that of a watch. */
  readonly endless?: boolean;
}

/** The bytes of a request. */
export function bytesOf(exchange: Exchange): string {
  const { request, headers, body, raw } = detail(exchange);
  if (raw !== undefined) return raw;
  const lines = [`${request} HTTP/1.1`, 'Host: etcd'];
  for (const [name, value] of Object.entries(headers ?? {})) lines.push(`${name}: ${value}`);
  if (body !== undefined) lines.push(`Content-Length: ${body.length}`);
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

export function detail(exchange: Exchange): DetailedExchange {
  if (typeof exchange !== 'string') return exchange;
  const [method = '', target = '', ...rest] = exchange.split(' ');
  const request = `${method} ${target}`;
  if (method !== 'PUT' && method !== 'POST') return { request };
  return { request, headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: rest.join(' ') };
}

/** One server, asked over one connection for as long as that lasts. */
export class Party implements Disposable {
  #wire: Wire | undefined;
  #expired = 0;

  constructor(private readonly url: string) {}

  /** @param enough when to take what has come for the answer */
  async ask(exchange: Exchange, enough?: AbortSignal): Promise<WireAnswer> {
    const { expiring } = detail(exchange);
    if (expiring !== undefined) await this.#expiryOf(expiring);
    if (this.#wire?.isOpen !== true) this.#wire = await Wire.open(this.url);
    const answer = await this.#wire.exchange(bytesOf(exchange), undefined, enough);
    // What has no end leaves the connection in use.
    if (!isKept(answer) || !answer.complete) this[Symbol.dispose]();
    return answer;
  }

  /** What has come of the answer that is waited for. @returns `undefined` before its head is complete */
  soFar(): WireAnswer | undefined {
    return this.#wire?.soFar();
  }

  async #expiryOf(keys: number): Promise<void> {
    this.#expired += keys;
    const what = `the expiry of ${this.#expired} keys`;
    await waitFor(async () => this.#expired === (await countersOf(this))['expireCount'], { what });
  }

  [Symbol.dispose](): void {
    this.#wire?.[Symbol.dispose]();
    this.#wire = undefined;
  }
}

/** Whether the connection goes on: a server of HTTP/1.0 has to say so, one of 1.1 the contrary. */
function isKept({ statusLine, headers }: WireAnswer): boolean {
  const connection = headers.find(([name]) => name === 'Connection')?.[1];
  return statusLine.startsWith('HTTP/1.0') ? connection === 'keep-alive' : connection !== 'close';
}

/** What varies between two servers that are alike: moments in time, and who they are. */
const masks: readonly (readonly [pattern: RegExp, shown: string])[] = [
  [/"expiration":"(\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z"/g, '"expiration":"$1"'],
  [/"(startTime)":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z"/g, '"$1":"TIME"'],
  [/"uptime":"(\d+m)?\d+\.\d+s"/g, '"uptime":"DURATION"'],
  [/"(id|leader)":"[0-9a-f]{1,16}"/g, '"$1":"ID"'],
  [/"peerURLs":\["http:\/\/127\.0\.0\.1:\d+"\]/g, '"peerURLs":["URL"]'],
  [/http:\/\/127\.0\.0\.1:\d{4,5}/g, 'URL'],
];

/**
 * Up to tens, because seconds may pass until the other one is asked or sweeps. What is overdue is left out, as 0 is on the
 * wire.
 */
const roundTtls = (body: string): string =>
  body.replaceAll(/,"ttl":(-?\d+)/g, (_match, ttl) => {
    const rounded = Math.ceil(Number(ttl) / 10) * 10;
    return rounded === 0 ? '' : `,"ttl":${rounded}`;
  });

/** An answer as text, for comparison. @param asked the request, because the order of a listing may be any */
export function showAnswer(answer: WireAnswer, asked: Exchange): string {
  const { statusLine, headers, body, chunks, complete } = answer;
  const heads = headers.map(([name, value]) => `${name}: ${maskHeader(name, value, answer)}`);
  const sorted = /[?&]sorted=([^&]*)/.exec(detail(asked).request)?.[1] ?? 'false';
  const shown = !['true', 'T', '1'].includes(sorted) && body.includes('"nodes":[') ? sortListing(body) : body;
  const masked = masks.reduce((text, [pattern, mask]) => text.replace(pattern, mask), roundTtls(shown));
  const pieces = body.length <= 2_048 && chunks !== undefined ? `${chunks.length} chunks` : '';
  return [statusLine, ...heads, '', masked, pieces, complete ? 'the end' : 'no end'].join('\n');
}

function maskHeader(name: string, value: string, { body }: WireAnswer): string {
  if (name === 'Date') return value.replace(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, 'DATE');
  if (name === 'X-Etcd-Cluster-Id') return value.replace(/^[0-9a-f]{1,16}$/, 'ID');
  if (name === 'X-Raft-Index') return value.replace(/^\d+$/, 'NUMBER');
  // The digits of times, addresses and ids are not always as many.
  const varies = name === 'Content-Length' && /"expiration"|"id"|"leader"|127\.0\.0\.1/.test(body);
  return varies && Number(value) === body.length ? 'RIGHT' : value;
}

interface Listed {
  readonly key?: string;
  readonly nodes?: readonly Listed[];
}

function sortListing(body: string): string {
  const sort = (node: Listed): Listed => {
    if (node.nodes === undefined) return node;
    return {
      ...node,
      nodes: node.nodes.map(sort).toSorted((a, b) => ((a.key ?? '') < (b.key ?? '') ? -1 : 1)),
    };
  };
  const { node, ...rest } = JSON.parse(body) as { node: Listed };
  return `${JSON.stringify({ ...rest, node: sort(node) })}\n`;
}
