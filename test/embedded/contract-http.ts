import type { Exchange } from './exchange.js';

const readOnly = [
  '/v2/machines',
  '/v2/stats/self',
  '/v2/stats/store',
  '/v2/stats/leader',
  '/version',
  '/health',
];
const paths = ['/v2/keys/a', '/v2/members', '/v2/members/leader', ...readOnly];

const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

/** Routes, methods, paths, and what lies outside of the keys. */
export const httpContract: Readonly<Record<string, readonly Exchange[]>> = {
  'methods that are not allowed': [
    ...paths.flatMap((path) => [`PATCH ${path}`, `TRACE ${path}`]),
    ...paths.slice(1).map((path) => `HEAD ${path}`),
    ...readOnly.flatMap((path) => [`PUT ${path}`, `DELETE ${path}`]),
  ],
  'OPTIONS of any path': [...paths, '/nothing', '//a/../b', '*'].map((path) => `OPTIONS ${path}`),
  'paths that do not exist': [
    '/',
    '/v2',
    '/v2/',
    '/v2/auth',
    '/v2/stats/',
    '/v2/stats/self/',
    '/v2/machines/',
    '/v2/keysfoo',
    '/V2/keys',
    '/v2/leader',
    '/v2/nothing?a=b',
    '/constructor',
  ].flatMap((path) => [`GET ${path}`, `PUT ${path}`, `HEAD ${path}`]),
  'paths that are not clean': [
    'GET /v2/keys//q?a=1',
    'GET //v2/keys/q',
    'GET /v2/keys/./q/',
    'GET /v2/keys/a/../q?a=<&b="\'',
    'GET /v2/keys/../../../q',
    'GET /v2/keys/%2e%2e/q',
    'GET /v2/keys/q//',
    'GET /v2/keys/%2f',
    "GET /v2/keys//%41%20%3c%3e%22%25%3f%ff%00%23;,:@&=+$!*'()[]~-_.",
    'GET /v2/keys/a/.',
    'GET /v2/keys/a/..',
    'GET /nothing//at/all',
    'HEAD /v2/keys//q?a=1',
    'PUT /v2/keys//q value=1',
    'POST /v2/keys//q value=1',
    'DELETE /v2/keys//q',
    'PATCH /v2/keys//q',
    'GET /v2/keys/...',
    'GET /v2/keys/.x',
  ],
  'targets of other forms': [
    'GET http://other/v2/keys/none?a=b',
    'GET http://other//v2/keys',
    'GET http://other',
    'GET *',
    'PUT *',
    'GET /v2/keys/%zz',
    'GET /v2/keys/%',
    'OPTIONS /%zz',
    'GET /v2/keys/a#b',
    'GET /v2/keys/a?b#c',
  ],
  'requests without a right Host': [
    { request: '', raw: 'GET /version HTTP/1.1\r\n\r\n' },
    { request: '', raw: 'GET /version HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n' },
    { request: '', raw: 'GET /version HTTP/1.1\r\nHost:\r\n\r\n' },
    { request: '', raw: 'GET /v2/keys//a HTTP/1.1\r\n\r\n' },
  ],
  'connections that the client wants closed': [
    { request: 'GET /version', headers: { Connection: 'close' } },
    { request: 'GET /v2/keys/none', headers: { Connection: 'close' } },
    { request: 'PUT /v2/keys/close', headers: { Connection: 'close' } },
    { request: 'GET /version', headers: { Connection: 'keep-alive' } },
    { request: '', raw: 'GARBAGE\r\n\r\n' },
  ],
  'long first lines': [
    'GET /version',
    `GET /v2/keys/long?x=${'y'.repeat(10_000)}`,
    { request: 'GET /version', headers: { Connection: 'close' } },
    `GET /v2/keys/long?x=${'y'.repeat(4_065)}`,
    { request: 'GET /version', headers: { Connection: 'close' } },
    `GET /v2/keys/long?x=${'y'.repeat(4_066)}`,
  ],
  'bodies that are too long, or are not read': [
    { request: 'PUT /v2/keys/big', headers: form, body: `value=${'x'.repeat(10_485_755)}` },
    { request: 'PUT /v2/keys/big?%zz', headers: form, body: `value=${'x'.repeat(10_700_000)}` },
    { request: 'PUT /v2/keys/unread', body: 'x'.repeat(262_143) },
    { request: 'PUT /v2/keys/unread', body: 'x'.repeat(262_144) },
    { request: 'GET /v2/keys/unread', body: 'x'.repeat(300_000) },
    { request: 'GET /v2/keys/unread', body: 'x'.repeat(1_000) },
    'GET /v2/keys/unread',
  ],
  'the method CONNECT': [
    { request: 'CONNECT /v2/keys/a', headers: { Connection: 'close' } },
    { request: 'CONNECT host:80', headers: { Connection: 'close' } },
  ],
  expectations: [
    { request: 'PUT /v2/keys/expected', headers: { ...form, Expect: 'wonders' }, body: 'value=1' },
    'GET /v2/keys/expected',
  ],
  'members, machines, version, health': [
    'GET /v2/machines',
    'GET /v2/members',
    'GET /v2/members/',
    'GET /v2/members/leader',
    'GET /v2/members/leader/',
    'GET /v2/members/1234',
    'GET /version',
    'GET /health',
    'GET /v2/stats/self',
    'GET /v2/stats/leader',
  ],
};

/** Last of all: it tells what all the others have counted. */
export const countersContract: Readonly<Record<string, readonly Exchange[]>> = {
  counters: ['GET /v2/stats/store'],
};
