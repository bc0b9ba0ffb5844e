import { type Arbitrary, constant, constantFrom, oneof, option, tuple } from 'fast-check';

import { detail, type Exchange } from './exchange.js';
import { randomRequest } from './random-requests.js';

/** In the requests, `BASE` stands for the directory that a sequence has to itself, as in the other ones. */

const basic = (credentials: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(credentials, 'latin1').toString('base64')}`,
});
const asRoot = basic('root:secret');

/** What each sequence begins with, whatever the one before has left behind. */
export const setUp: readonly Exchange[] = [
  rootPut('enable', ''),
  { request: 'DELETE /v2/auth/users/u', headers: asRoot },
  { request: 'DELETE /v2/auth/roles/r', headers: asRoot },
  rootPut('users/u', '{"user":"u","password":"pw","roles":["r"]}'),
  rootPut('roles/r', '{"role":"r","permissions":{"kv":{"read":["/BASE/a*"],"write":["/BASE/b*"]}}}'),
];

function rootPut(path: string, body: string): Exchange {
  return { request: `PUT /v2/auth/${path}`, headers: asRoot, body };
}

const pattern = constantFrom(
  '/*',
  '/BASE/*',
  '/BASE/a',
  '/BASE/a/*',
  '/BASE/_h*',
  '*',
  '/BASE/b',
  '/BASE',
  '/BASE/%ff',
);
const patterns = option(
  tuple(pattern, pattern).map(([a, b]) => (a === b ? [a] : [a, b])),
  { nil: [] },
);
const permissions = tuple(patterns, patterns).map(([read, write]) => ({ kv: { read, write } }));
const change = constantFrom('grant', 'revoke', 'grant', 'revoke', 'permissions');

const roleChange = tuple(constantFrom('r', 'guest', 'r2', 'root'), change, permissions).map(
  ([role, kind, all]) => rootPut(`roles/${role}`, JSON.stringify({ role, [kind]: all })),
);
const userChange = tuple(
  constantFrom('u', 'u2', 'root'),
  change,
  constantFrom(['r'], ['r2'], ['guest', 'root'], []),
).map(([user, kind, roles]) =>
  rootPut(
    `users/${user}`,
    JSON.stringify(kind === 'permissions' ? { user, password: 'pw', roles } : { user, [kind]: roles }),
  ),
);
const other: Arbitrary<Exchange> = constantFrom(
  ...[
    'GET users',
    'GET roles',
    'GET users/u',
    'GET roles/r',
    'GET enable',
    'DELETE roles/r2',
    'DELETE users/u2',
    'DELETE enable',
    'PUT enable',
  ]
    .map((text) => text.split(' '))
    .map(([method, path]) => ({ request: `${method} /v2/auth/${path}`, headers: asRoot })),
  'GET /v2/auth/users',
  'PUT /v2/auth/enable',
  'GET /v2/members',
);

/** Most are a guest's, because etcd takes a tenth of a second to check a password. */
const credentials = oneof(
  { weight: 30, arbitrary: constant({}) },
  { weight: 3, arbitrary: constantFrom(basic('u:pw'), basic('u:pw'), asRoot) },
  { weight: 1, arbitrary: constantFrom(basic('u:wrong'), basic('none:pw'), basic('u2:pw')) },
  {
    weight: 1,
    arbitrary: constantFrom({ Authorization: 'Basic !' }, { Authorization: 'Bearer x' }, basic('u')),
  },
);

/** A request of any kind to a server with users. */
export const randomAuthRequest: Arbitrary<Exchange> = oneof(
  {
    weight: 12,
    arbitrary: tuple(randomRequest, credentials).map(([exchange, headers]) => {
      const asked = detail(exchange);
      return Object.assign({}, asked, { headers: Object.assign({}, asked.headers, headers) });
    }),
  },
  { weight: 1, arbitrary: oneof(roleChange, userChange, other) },
);
