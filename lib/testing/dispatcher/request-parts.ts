import type { Dispatcher } from 'undici';

import type { RequestHeaders } from '../http/etcd-request.js';

/** The headers of a request that matter to etcd, whatever form they have. All texts are byte strings. */
export function readHeaders(given: Dispatcher.DispatchOptions['headers']): RequestHeaders {
  const found: Record<string, string> = {};
  for (const [name, value] of pairsOf(given)) {
    const lower = name.toLowerCase();
    if (lower !== 'authorization' && lower !== 'content-type') continue;
    found[lower] ??= String(Array.isArray(value) ? value[0] : value);
  }
  return found;
}

function pairsOf(given: Dispatcher.DispatchOptions['headers']): Iterable<readonly [string, unknown]> {
  if (given === undefined || given === null) return [];
  if (Array.isArray(given)) {
    const pairs: [string, unknown][] = [];
    for (let i = 0; i + 1 < given.length; i += 2) pairs.push([String(given[i]), given[i + 1]]);
    return pairs;
  }
  return Symbol.iterator in given ? (given as Iterable<[string, unknown]>) : Object.entries(given);
}

/** The target, with the query that stands apart. */
export function targetOf({ path, query }: Dispatcher.DispatchOptions): string {
  if (query === undefined || Object.keys(query).length === 0) return path;
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((each): [string, string] => [name, String(each)]),
  );
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(pairs).toString()}`;
}

/** The body as a byte string; later, if it is a stream. @throws {TypeError} for one that no request to etcd has */
export function readBody(body: unknown): string | Promise<string> {
  if (body === undefined || body === null) return '';
  if (typeof body === 'string') return Buffer.from(body, 'utf8').toString('latin1');
  if (ArrayBuffer.isView(body))
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  if (typeof body === 'object' && (Symbol.asyncIterator in body || Symbol.iterator in body))
    return readPieces(body as AsyncIterable<unknown>);
  throw new TypeError('Expected the body to be a text, bytes, or a stream of them');
}

async function readPieces(pieces: AsyncIterable<unknown>): Promise<string> {
  const read: string[] = [];
  for await (const piece of pieces) read.push(await readBody(piece));
  return read.join('');
}
