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

/** Bytes as they are, and then another request, to see what has become of the connection. */
const raw = (...requests: readonly string[]): Exchange[] =>
  requests.flatMap((bytes) => [{ request: bytes, raw: bytes }, 'GET /version']);

/** Lines behind a first line and a `Host`. */
const lines = (...headers: readonly string[]): string =>
  ['GET /version HTTP/1.1', 'Host: x', ...headers, '', ''].join('\r\n');

const firstLines = [
  'GET /version HTTP/0.9',
  'GET /version HTTP/2.0',
  'GET /version HTTP/1.1x',
  'GET /version HTTP/1.10',
  'GET /version http/1.1',
  'GET /version',
  'GET',
  '',
  'GET  /version HTTP/1.1',
  'GET /version  HTTP/1.1',
  'GET /version HTTP/1.1 ',
  ' GET /version HTTP/1.1',
  'GET /a b HTTP/1.1',
  '\r\nGET /version HTTP/1.1',
  'GET /version HTTP/1.1\r',
  '\u0016\u0003\u0001\u0002',
].map((line) => `${line}\r\nHost: x\r\n\r\n`);

const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

/** Routes, methods, paths, and what lies outside of the keys. */
export const httpContract: Readonly<Record<string, readonly Exchange[]>> = {
  'methods that are not allowed': [
    ...paths.flatMap((path) => [`PATCH ${path}`, `TRACE ${path}`]),
    ...paths.slice(1).map((path) => `HEAD ${path}`),
    ...readOnly.flatMap((path) => [`PUT ${path}`, `DELETE ${path}`]),
  ],
  'methods that nobody knows': ['FOO', 'get', 'Get', '!#$%&*+-.^_`|~'].flatMap((method) =>
    paths.map((path) => `${method} ${path}`),
  ),
  'methods that are none': raw(
    ...['G@T', 'G\u00e9T', 'GET:'].map((m) => `${m} /version HTTP/1.1\r\nHost: x\r\n\r\n`),
  ),
  // All of them open a connection anew, which etcd looks at more closely.
  'first lines of new connections': firstLines.flatMap((line) => [
    { request: 'GET /version', headers: { Connection: 'close' } },
    { request: line, raw: line },
  ]),
  'later first lines': ['GET /version', ...raw(...firstLines, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  'HTTP/1.0 and what comes after 1.1': raw(
    'GET /version HTTP/1.0\r\n\r\n',
    'GET /version HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    'GET /version HTTP/1.0\r\nConnection: Keep-Alive, x\r\n\r\n',
    'GET /version HTTP/1.0\r\nConnection: x\r\nConnection: keep-alive\r\n\r\n',
    'GET /version HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n',
    'GET /version HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n',
    'HEAD /v2/keys/none HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    'OPTIONS * HTTP/1.0\r\n\r\n',
    'OPTIONS /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    'GET /v2/keys/none HTTP/1.0\r\nExpect: x\r\n\r\n',
    `GET /v2/keys/${'long'.repeat(600)} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`,
    'PUT /v2/keys/old HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\nvalue=1',
    'GET /version HTTP/1.2\r\nHost: x\r\n\r\n',
    'GET /version HTTP/1.2\r\n\r\n',
  ),
  'lines that end without CR': raw(
    'GET /version HTTP/1.1\nHost: x\n\n',
    'GET /version HTTP/1.1\nHost: x\r\n\n',
    'GET /version HTTP/1.1\r\nHost: x\n\r\n',
    'GET /version HTTP/1.1\r\nHost: x\r\r\n\r\n',
    'GET /ver\rsion HTTP/1.1\r\nHost: x\r\n\r\n',
  ),
  'headers that are none': raw(
    lines('foo'),
    lines('foo', 'bar: x'),
    lines(': a'),
    lines('foo : a'),
    lines(' foo: a'),
    lines('f(o: a'),
    lines('f\u00e9: a'),
    lines('foo: a\u0000b'),
    lines('foo: a\rb'),
    lines('foo: a\u007f'),
    lines('foo: \u00ff\t\u00fe'),
    lines('foo:'),
    'GET /version HTTP/1.1\r\n Host: x\r\n\r\n',
    'GET /version HTTP/1.1\r\n\tHost: x\r\n\r\n',
    'GET /version HTTP/1.1\r\n: x\r\n\r\n',
  ),
  'headers of several lines': raw(
    lines('foo: a', '  b', '\tc'),
    lines('foo: a', '  ', 'bar: b'),
    lines('foo: a', ' b: c', ' d'),
    lines('Connection:', '  close'),
    lines('Connection: x,', '\tclose'),
    'GET /version HTTP/1.1\r\nHost:\r\n x\r\n\r\n',
  ),
  'the end of a connection': raw(
    lines('Connection: foo, Close'),
    lines('Connection: foo', 'Connection: close'),
    lines('Connection: foo close'),
    lines('Connection: closed'),
    lines('Connection: "close"'),
    lines('Proxy-Connection: close'),
    'GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'HEAD /v2/keys HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  ),
  'huge heads': [
    'GET /version',
    ...raw(
      lines(`foo: ${'x'.repeat(1_000_000)}`),
      lines(...Array.from({ length: 20_000 }, (_, i) => `foo-${i}: bar`)),
      lines(`foo: ${'x'.repeat(1_100_000)}`),
      `GET /version?${'x'.repeat(1_000_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      `GET /version?${'x'.repeat(1_100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    ),
  ],
  'line ends before a request': ['POST /v2/keys/queue value=1', 'PUT /v2/keys/empty value=1'].flatMap(
    (request) =>
      ['\r\n', '\n', '\r\n\r\n', '\r\n\r\n\r\n'].flatMap((ends) =>
        [request as Exchange].concat(raw(`${ends}GET /version HTTP/1.1\r\nHost: x\r\n\r\n`)),
      ),
  ),
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
    'GET /v2/keys/\u00e9\u00ff',
    'GET /v2/keys/\u00c3\u00a9?\u00ff=\u00fe',
    'PUT /v2/keys/raw\u00ff value=\u00ff',
    ...raw(
      ...[
        '/v2/keys/\u0001',
        '/v2/keys/\ta',
        '/v2/keys/\u007f',
        'version',
        '?foo',
        ':foo',
        '1http://x/version',
        'foo:bar?x=y',
        'foo:/version',
        'FOO+1.-://x/version',
        'http:///version',
        'http://h?x=/version',
        'http://a:b/version',
        'http://a:/version',
        'http://a:80/version',
        'http://a:b:80/version',
        'http://a{/version',
        'http://%41/version',
        'http://%c3%a9/version',
        'http://\u00e9/version',
        'http://u:p@h/version',
        'http://u@p@h/version',
        'http://u{@h/version',
        'http://[::1]:80/version',
        'http://[::1/version',
        'http://[::1]x/version',
        'http://h/%zz',
        'http://h/version?%zz',
      ].map((target) => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`),
    ),
  ],
  'requests without a right Host': [
    { request: '', raw: 'GET /version HTTP/1.1\r\n\r\n' },
    { request: '', raw: 'GET /version HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n' },
    { request: '', raw: 'GET /version HTTP/1.1\r\nHost:\r\n\r\n' },
    { request: '', raw: 'GET /v2/keys//a HTTP/1.1\r\n\r\n' },
    ...raw(
      ...['a b', 'a/b', 'a@b', '"', '\u00e9', '[::1]:80', "!$%&'()*+,-.:;=_~"].map(
        (host) => `GET /version HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      ),
      'GET /version HTTP/1.1\r\nHost:\r\nhost:\r\n\r\n',
      'GET http://h/version HTTP/1.1\r\n\r\n',
    ),
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
    ...raw(
      ...['CONNECT /version', 'CONNECT host:80', 'CONNECT host:x', 'CONNECT host'].map(
        (request) => `${request} HTTP/1.1\r\n\r\n`,
      ),
    ),
  ],
  expectations: [
    { request: 'PUT /v2/keys/expected', headers: { ...form, Expect: 'wonders' }, body: 'value=1' },
    'GET /v2/keys/expected',
    ...['100-continue', '100-Continue', 'x, 100-continue', '100-continues', ''].map((expectation) => ({
      request: 'PUT /v2/keys/expected',
      headers: { Expect: expectation },
      body: 'value=2',
    })),
    ...raw(
      'GET /version HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n',
      'PUT /v2/keys/expected HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\nvalue=3',
    ),
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
