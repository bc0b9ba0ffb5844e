import { type Arbitrary, array, constant, constantFrom, integer, oneof, tuple } from 'fast-check';

import type { Exchange } from './exchange.js';

/* In the requests, `[NOW-n]` stands for a store index, and `BASE` for the directory that a sequence has to itself. */

const names = ['a', 'b', '_h', 'a', 'b', '%ff%3c', 'a+b', '%E2%80%A8', '...', '00000000000000000009'];
const key = array(constantFrom(...names), { minLength: 0, maxLength: 3 }).chain((elements) =>
  constantFrom('', '', '', '', '/').map(
    (end) => `/v2/keys/BASE${elements.map((name) => `/${name}`).join('')}${end}`,
  ),
);
/** Where nothing can be changed, and what is not a key at all. */
const oddTarget = constantFrom(
  '/v2/keys/',
  '/v2/keys',
  '/v2/keys/BASE//a',
  '/v2/keys/BASE/../BASE/a/',
  '/v2/keysBASE',
  '/v2/keys/BASE/%zz',
  '/v2%2fkeys%2fBASE%2fa',
);
const target = oneof({ weight: 30, arbitrary: key }, { weight: 1, arbitrary: oddTarget });

const truth = constantFrom('true', 'true', 'true', 'true', 'false', 'false', '1', 'T', '0', 'F', '', 'yes');
const values = [
  '',
  '',
  '1',
  '1',
  '2',
  'x+y',
  '%FF%C3%A9',
  '%3C%26%3E',
  '%00',
  '%F0%9F%98%80',
  '%4',
  'a;b',
  '=',
  'é',
];
const value = constantFrom(...values);
const index = oneof(
  { weight: 8, arbitrary: integer({ min: 0, max: 6 }).map((back) => `[NOW-${back}]`) },
  {
    weight: 1,
    arbitrary: constantFrom('0', '1', '', 'x', '-1', '18446744073709551615', '18446744073709551616'),
  },
);
/** None that ends before the last sequence does: no two servers sweep at the same moment. */
const ttl = constantFrom('90000', '90000', '4294967296', '', 'x', '-1', '1.5', '000000000000000000000090000');

const of = (name: string, arbitrary: Arbitrary<string>) => arbitrary.map((text) => `${name}=${text}`);
const parameter = oneof(
  { weight: 6, arbitrary: of('value', value) },
  { weight: 3, arbitrary: of('prevExist', truth) },
  { weight: 3, arbitrary: of('prevValue', value) },
  { weight: 3, arbitrary: of('prevIndex', index) },
  { weight: 4, arbitrary: of('dir', truth) },
  { weight: 4, arbitrary: of('recursive', truth) },
  { weight: 2, arbitrary: of('sorted', truth) },
  { weight: 3, arbitrary: of('ttl', ttl) },
  { weight: 2, arbitrary: of('refresh', truth) },
  { weight: 1, arbitrary: of('quorum', truth) },
  { weight: 1, arbitrary: of('noValueOnSuccess', truth) },
  { weight: 1, arbitrary: of('stream', truth) },
  { weight: 1, arbitrary: of('waitIndex', index) },
  { weight: 1, arbitrary: constantFrom('', '%zz', 'a', 'unknown=1', 'dir', 'VALUE=1') },
);
const parameters = array(parameter, { maxLength: 4 }).map((all) => all.join('&'));
/** Node's parser refuses a target with bytes above 0x7f, which Go's takes. */
const query = parameters.map((text) => (text === '' ? '' : `?${text.replaceAll('é', '%C3%A9')}`));

const form = 'application/x-www-form-urlencoded';
const type = oneof(
  { weight: 20, arbitrary: constant(form) },
  { weight: 1, arbitrary: constantFrom('', `${form}; charset=UTF-8`, 'text/plain', 'text/', `${form};x`) },
);

const write = tuple(constantFrom('PUT', 'PUT', 'PUT', 'POST'), target, query, parameters, type).map(
  ([method, path, search, body, contentType]) => ({
    request: `${method} ${path}${search}`,
    headers: { 'Content-Type': contentType },
    body,
  }),
);
const read = tuple(constantFrom('GET', 'GET', 'DELETE', 'DELETE', 'HEAD', 'PATCH'), target, query).map(
  ([method, path, search]) => ({ request: `${method} ${path}${search}` }),
);
/** What the history holds comes at once; what it does not hold never comes. */
const watch = tuple(key, index, query).map(([path, waitIndex, search]) => ({
  request: `GET ${path}?wait=true&waitIndex=${waitIndex}&${search.slice(1)}`,
  endless: true,
}));

/** One request of any kind, in the proportions in which they tell most. */
export const randomRequest: Arbitrary<Exchange> = oneof(
  { weight: 12, arbitrary: write },
  { weight: 8, arbitrary: read },
  { weight: 1, arbitrary: watch },
);

/** Puts a sequence's directory and an index into a request. */
export function located(exchange: Exchange, base: string, now: number): Exchange {
  const text = JSON.stringify(exchange)
    .replaceAll('BASE', base)
    .replaceAll(/\[NOW-(\d+)\]/g, (_match, back) => String(Math.max(1, now - Number(back))));
  return JSON.parse(text) as Exchange;
}
