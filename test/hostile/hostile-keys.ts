import * as fc from 'fast-check';

/** What a key of a test is: as a caller gives it. */
export type Key = string | string[];

/** Texts that paths, URLs, forms, JSON and etcd itself give a meaning to, and ones that nobody should. */
const nasty = [
  '.', '..', '...', '%', '%2e', '%2E%2e', '%2F', '%00', '%zz', '%25', '?', '#', '?wait=true', '&', '=', ';', '+', ' ',
  '\\', '..\\', ':', '@', '*', '~', '!', "'", '"', '<', '>', '(', '|', '^', '`', '{', '[', ',', '$', '_', '__', '-',
  '\0', '\t', '\n', '\r', '\r\n', '\u0008', '\u001b', '\u007f', '\u0085', '\u00a0', '\u00ad', '\u200b', '\u202e',
  '\u2028', '\u2029', '\ufeff', '\ufffd', '\uffff', 'é', 'e\u0301', 'ﬁ', 'ß', 'İ', '٠', '．', '／', '😀', '👩‍👩‍👧',
  '\u{10ffff}', '__proto__', 'constructor', 'null', 'HTTP/1.1', 'v2', 'keys', 'members', '0', 'a', 'A', 'b',
].filter((text) => !text.includes('/')); // prettier-ignore

const halfSurrogate = fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => String.fromCharCode(unit));

const unit = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...nasty) },
  { weight: 20, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }) },
  { weight: 20, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: halfSurrogate },
);
const segment = fc.oneof(
  { weight: 60, arbitrary: fc.array(unit, { minLength: 1, maxLength: 5 }).map((units) => units.join('')) },
  { weight: 1, arbitrary: fc.constantFrom('', '.', '..', '/', 'a/b') },
  {
    weight: 2,
    arbitrary: fc
      .tuple(unit, fc.integer({ min: 300, max: 4_100 }))
      .map(([text, length]) => text.padEnd(length, text)),
  },
);
const segments = fc.array(segment, { maxLength: 4 });
const maybeSlash = fc.constantFrom('', '/');

/** Keys of every kind that a caller, or somebody through a caller, can come up with. */
export const hostileKey: fc.Arbitrary<Key> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(maybeSlash, segments, maybeSlash).map(([a, parts, b]) => a + parts.join('/') + b),
  },
  { weight: 4, arbitrary: segments },
  { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 12 }) },
);

/** The segments that a key asks for, or `undefined` where etcd v2 cannot hold it: written down without the client. */
export function segmentsOf(key: Key): string[] | undefined {
  let parts: string[];
  if (typeof key !== 'string') parts = key;
  else if (key === '') return undefined;
  else if (key === '/') parts = [];
  else parts = key.replace(/^\//, '').replace(/\/$/, '').split('/');
  const impossible = parts.some(
    (part) => part === '' || /[/\p{Surrogate}]/u.test(part) || /^\.\.?$/.test(part),
  );
  return impossible ? undefined : parts;
}

/** The bytes of a path with escapes, made without the client's functions. Letters of names stay, or lines would be too long. */
export function escapePath(path: string): string {
  return Buffer.from(path)
    .toString('latin1')
    .replaceAll(/[^A-Za-z0-9\-_.!~*'()/]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

export function requestLineLength(path: string): number {
  return `PUT /v2/keys${escapePath(path)} HTTP/1.1`.length;
}
