import type { Exchange } from './exchange.js';

const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'];
const flags = [
  'recursive',
  'sorted',
  'wait',
  'dir',
  'quorum',
  'stream',
  'noValueOnSuccess',
  'prevExist',
  'refresh',
];
const numbers = ['prevIndex', 'waitIndex', 'ttl'];
const wrongFlags = ['', '=', '=yes', '=tRUE', '=2', '=true%20'];
const wrongNumbers = ['=-1', '=%2B1', '=1.5', '=0x1', '=1_0', '=18446744073709551616', '=x', '=%201'];

/** All parameters are wrong; the first ones are told first. One after another is put right. */
const inOrder = ['%zz', 'prevIndex=x', 'waitIndex=x', ...flags.slice(0, 6).map((name) => `${name}=x`)];
const later = ['prevValue=', 'noValueOnSuccess=x', 'ttl=x', 'prevExist=x', 'refresh=x'];

const form = 'application/x-www-form-urlencoded';

function typed(type: string | undefined, body = 'value=1'): Exchange {
  return { request: 'PUT /v2/keys/typed', headers: type === undefined ? {} : { 'Content-Type': type }, body };
}

/** A body with a framing of its own, and then another request, to see what has become of the connection. */
const framed = (...requests: readonly (readonly [headers: string, body: string])[]): Exchange[] =>
  requests.flatMap(([headers, body]) => {
    const raw = `PUT /v2/keys/framed HTTP/1.1\r\nHost: x\r\nContent-Type: ${form}\r\n${headers}\r\n\r\n${body}`;
    return [{ request: raw, raw }, 'GET /v2/keys/framed'];
  });

const chunked = (...bodies: readonly string[]): Exchange[] =>
  framed(...bodies.map((body) => ['Transfer-Encoding: chunked', body] as const));

/** What is wrong with the form of a body, which the keys have to tell. */
export const brokenBodiesContract: Readonly<Record<string, readonly Exchange[]>> = {
  'chunks that are none': chunked(
    '7\nvalue=8\n0\n\r\n',
    'xyz\r\nvalue=8\r\n0\r\n\r\n',
    '-7\r\nvalue=8\r\n0\r\n\r\n',
    '0x7\r\nvalue=8\r\n0\r\n\r\n',
    ' 7\r\nvalue=8\r\n0\r\n\r\n',
    '7\r\nvalue=899\r\n0\r\n\r\n',
    '00000000000000007\r\nvalue=9\r\n0\r\n\r\n',
    '0000000000000000x\r\nvalue=9\r\n0\r\n\r\n',
    `7;${'x'.repeat(4_100)}\r\nvalue=9\r\n0\r\n\r\n`,
    '7\r\nvalue=b\r\n0\r\nfoo\r\n\r\n',
    '7\r\nvalue=b\r\n0\r\n foo: x\r\n\r\n',
    `7\r\nvalue=b\r\n0\r\nfoo: ${'x'.repeat(5_000)}\r\n\r\n`,
  ),
};

/** What is wrong with a request, and how that is told. */
export const parametersContract: Readonly<Record<string, readonly Exchange[]>> = {
  'truth values that are none': flags.flatMap((name) =>
    wrongFlags.map((value) => `GET /v2/keys/set/a?${name}${value}`),
  ),
  'truth values': ['1', 't', 'T', 'TRUE', 'true', 'True', '0', 'f', 'F', 'FALSE', 'false', 'False'].map(
    (value) => `GET /v2/keys/set/a?recursive=${value}&prevExist=${value}`,
  ),
  'numbers that are none': numbers.flatMap((name) =>
    ['', '=', ...wrongNumbers].map((value) => `GET /v2/keys/set/a?${name}${value}`),
  ),
  'the order of the checks': [...inOrder, ...later].flatMap((_, position, all) => {
    const rest = all.slice(position).join('&');
    return [`GET /v2/keys/set/a?${rest}`, `PUT /v2/keys/checks ${rest}`];
  }),
  'checks of every method': methods.flatMap((method) => [
    `${method} /v2/keys/none?wait=true&dir=x`,
    `${method} /v2/keys/none?prevValue`,
    `${method} /v2/keys/none?refresh=true`,
    `${method} /v2/keys/none?refresh=true&ttl=&prevValue=x`,
    `${method} /v2/keys/none?refresh=true&value=x`,
    `${method} /v2/keys/none?ttl=x`,
  ]),
  'wait with other methods': methods.slice(1).map((method) => `${method} /v2/keys/none?wait=true&prevValue=`),
  'forms that are none': [
    'PUT /v2/keys/form a;b',
    'PUT /v2/keys/form?a;b value=%zz',
    'PUT /v2/keys/form?%zz value=1;2',
    'PUT /v2/keys/form %',
    'PUT /v2/keys/form %4',
    'PUT /v2/keys/form value=%4',
    'PUT /v2/keys/form %"x=1',
    'PUT /v2/keys/form a=%\\\u0000',
    'PUT /v2/keys/form a=%\u00ff\u00fe',
    'PUT /v2/keys/form a=%\u00c3\u00a9',
    'PUT /v2/keys/form a=%\n\t\u007f',
    'PUT /v2/keys/form a=%<>',
    'PUT /v2/keys/form %zz=1&value=%yy',
    'PUT /v2/keys/form &&value=1&&',
    'PUT /v2/keys/form =1&value=2',
    'PUT /v2/keys/form value=a%3Bb%26c%3Dd=e',
    'PUT /v2/keys/form Value=1&VALUE=2&unknown=3',
    'GET /v2/keys/form?&&recursive=true&unknown=%20',
    'GET /v2/keys/form?;',
    'GET /v2/keys/form?a=%',
    'GET /v2/keys/form?',
    'GET /v2/keys/form?recursive=true?',
    'DELETE /v2/keys/form?%zz',
  ],
  'lengths of bodies': framed(
    ['Content-Length: 7\r\nContent-Length: 7', 'value=1'],
    ['Content-Length: 7\r\nContent-Length: 8', 'value=1'],
    ['Content-Length: 007 ', 'value=1'],
    ['Content-Length:', ''],
    ['Content-Length: x', ''],
    ['Content-Length: +7', 'value=1'],
    ['Content-Length: -1', ''],
    ['Content-Length: 7, 7', 'value=1'],
    ['Content-Length: 7\r\n\t', 'value=1'],
    ['Content-Length: 9223372036854775808', 'value=1'],
    ['Content-Length: 18446744073709551623', 'value=1'],
    ['Transfer-Encoding: chunked\r\nContent-Length: 3', '7\r\nvalue=4\r\n0\r\n\r\n'],
    ['Transfer-Encoding: chunked\r\nContent-Length: x', '7\r\nvalue=4\r\n0\r\n\r\n'],
    ['Transfer-Encoding: CHUNKED', '7\r\nvalue=3\r\n0\r\n\r\n'],
    ['Transfer-Encoding:', ''],
    ['Transfer-Encoding: identity', ''],
    ['Transfer-Encoding: gzip, chunked', '0\r\n\r\n'],
    ['Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n'],
    ['Transfer-Encoding: chunked\r\nTrailer: a, content-length', '0\r\n\r\n'],
    ['Trailer: content-length', ''],
  ),
  'chunks of bodies': chunked(
    '7\r\nvalue=a\r\n0\r\n\r\n',
    '3\r\nval\r\n4\r\nue=b\r\n000\r\n\r\n',
    '7;a="b;c"\r\nvalue=c\r\n0;x\r\n\r\n',
    '7 \t\r\nvalue=d\r\n0\r\n\r\n',
    '7\nvalue=e\r\n0\n\r\n',
    '0000000000000007\r\nvalue=f\r\n0\r\n\r\n',
    'A\r\nvalue=1234\r\na\r\n1234567890\r\n0\r\n\r\n',
    '\r\n\r\n',
    ';x\r\n\r\n',
    '7\r\nvalue=g\r\n0\r\nX-A: b\r\nX B: c\r\n d\r\n\r\n',
  ),
  'types of bodies': [
    typed(undefined),
    typed(''),
    typed(form),
    typed(`${form}; charset=UTF-8`),
    typed('APPLICATION/X-WWW-FORM-URLENCODED'),
    typed(` ${form} ;charset="a b";`),
    typed('multipart/form-data; boundary=x'),
    typed('application/json', '{"value":1}'),
    typed('text/plain'),
    typed('text'),
    typed('text/'),
    typed('te{xt}/p|lain'),
    typed('te{xt'),
    typed('/plain'),
    typed('text plain'),
    typed('text/plain x'),
    typed(';'),
    typed('; charset=utf-8'),
    typed(`${form}; charset`),
    typed(`${form}; charset=`),
    typed(`${form}; a=b; a=b`),
    typed(`${form}; a=b; A=c`),
    typed(`${form};;`),
    typed(`${form}; a="b`),
    typed(`${form}; charset`, 'value=%zz'),
    typed('text/plain; x', 'value=1'),
    { request: 'GET /v2/keys/typed', headers: { 'Content-Type': 'text/' } },
    { request: 'PUT /v2/keys/typed', headers: { 'Content-Type': 'text/' } },
    { request: 'POST /v2/keys/typed?value=1', headers: { 'Content-Type': form } },
    {
      request: 'PUT /v2/keys/typed',
      headers: { 'Content-Type': form, 'Transfer-Encoding': 'chunked' },
      raw: `PUT /v2/keys/typed HTTP/1.1\r\nHost: x\r\nContent-Type: ${form}\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nvalue=\r\n3\r\nabc\r\n0\r\n\r\n`,
    },
  ],
};
