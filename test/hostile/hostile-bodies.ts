import * as fc from 'fast-check';

import { secrets } from './hostile-operations.js';

/** JSON that is legal or nearly so, and none that etcd writes in this place. */
const wrongJson = fc.oneof(
  fc.constantFrom(
    'null', 'true', 'false', '0', '-0', '-1', '1.5', '1e308', '1e999', '-1e999', '9007199254740993', '18446744073709551616',
    'NaN', 'Infinity', 'undefined', '""', '"1"', '"\\u0000"', '"\\ud800"', '[]', '{}', '[[]]', '[null]', '{"__proto__":{"polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}}}', '{"toString":1,"valueOf":2,"then":3,"toJSON":4}', '"__proto__"', '',
  ), // prettier-ignore
  fc.integer({ min: 1, max: 12 }).map((power) => `${'['.repeat(2 ** power)}${']'.repeat(2 ** power)}`),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => JSON.stringify(text)),
);
/** Deep enough for every recursion to show; see the test of a million levels. */
export const deepNesting = fc.constantFrom(
  '['.repeat(5e4),
  '{"node":'.repeat(5e4),
  `{"action":"get","node":${'{"nodes":['.repeat(2e4)}{}${']}'.repeat(2e4)}}`,
  `{"members":${'['.repeat(2e4)}${']'.repeat(2e4)}}`,
);

/** A good body with one of its JSON values replaced, or with a field that is given twice or left out. */
const mutated = (good: string) =>
  fc.tuple(fc.nat(), wrongJson, fc.constantFrom('replace', 'twice', 'remove')).map(([at, json, how]) => {
    const fields = [...good.matchAll(/"(\w+)":("[^"]*"|[\d.]+|true|null|\{|\[)/g)];
    const field = fields[at % Math.max(1, fields.length)];
    if (field === undefined) return json;
    const [text, name = '', old = ''] = field;
    const from = field.index;
    if (how === 'twice') return `${good.slice(0, from)}"${name}":${json},${good.slice(from)}`;
    if (how === 'remove') return `${good.slice(0, from)}"x${name}":${old}${good.slice(from + text.length)}`;
    // A brace that is replaced leaves its rest behind: no JSON any more, which is fine.
    return `${good.slice(0, from)}"${name}":${json}${good.slice(from + text.length)}`;
  });

const errorBody = fc
  .record({
    errorCode: fc.oneof(
      fc.constantFrom('100', '101', '105', '110', '201', '300', '401', '999', '-1'),
      wrongJson,
    ),
    message: fc.oneof(
      fc.constantFrom('"Key not found"', '"During election"', '"a\\nb\\u001b[31m"'),
      wrongJson,
    ),
    cause: fc.oneof(fc.constantFrom('"/a"', `"[${secrets.value} != x]"`), wrongJson),
    index: wrongJson,
  })
  // What etcd explains of a failed comparison is the one place where it repeats values.
  .map(
    ({ errorCode, message, cause, index }) =>
      `{"errorCode":${cause.includes(secrets.value) ? '101' : errorCode},"message":${message},"cause":${cause},"index":${index}}`,
  );

/** A body in place of a good one. */
export const hostileBody = (good: string): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 6, arbitrary: mutated(good).map((text) => Buffer.from(text)) },
    { weight: 4, arbitrary: fc.nat({ max: good.length }).map((end) => Buffer.from(good.slice(0, end))) },
    { weight: 3, arbitrary: errorBody.map((text) => Buffer.from(text)) },
    { weight: 2, arbitrary: fc.constant(Buffer.from(good)) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(
          '',
          ' ',
          '\n',
          '<!DOCTYPE html><html><body>502</body></html>',
          'OK',
          'upstream connect error',
          '\ufeff{}',
        )
        .map((text) => Buffer.from(text)),
    },
    { weight: 2, arbitrary: wrongJson.map((text) => Buffer.from(text)) },
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.nat({ max: good.length }),
          fc.constantFrom([0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf8, 0x88], [0]),
        )
        .map(([at, bytes]) =>
          Buffer.concat([Buffer.from(good.slice(0, at)), Buffer.from(bytes), Buffer.from(good.slice(at))]),
        ),
    },
  );
