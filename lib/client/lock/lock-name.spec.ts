import { createHash } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { EtcdOptionsError } from '../errors/index.js';
import { normalizeKey, type EtcdKey } from '../http/key-path.js';
import { keyOf } from './lock-name.js';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

describe('The key of a name', () => {
  it.each([
    ['an ordinary name', 'reports-2', '/_locks/reports-2'],
    ['slashes', 'a/b/', '/_locks/a%2Fb%2F'],
    ['what looks like an encoding', 'a%2Fb', '/_locks/a%252Fb'],
    ['a dot', '.', '/_locks/%2E'],
    ['two dots', '..', '/_locks/%2E%2E'],
    ['three dots, which are ordinary', '...', '/_locks/...'],
    ['dots beside something', '.a.', '/_locks/.a.'],
    ['dots and slashes', '../..', '/_locks/..%2F..'],
    ['what looks like an encoded dot', '%2E', '/_locks/%252E'],
    ['spaces at its ends', ' x ', '/_locks/ x '],
    ['letters beyond Latin-1', 'ключ 鍵 🔑', '/_locks/ключ 鍵 🔑'],
    ['what looks like a hash', `%sha256-${hash('a')}`, `/_locks/%25sha256-${hash('a')}`],
  ])('keeps %s', (_, name, key) => {
    expect(keyOf('/_locks', name)).toBe(key);
  });

  it('is a hash where the name is too long once it is sent', () => {
    const limit = 1_500;
    const [fits, long] = ['n'.repeat(limit), 'n'.repeat(limit + 1)];
    expect(keyOf('/_locks', fits)).toBe(`/_locks/${fits}`);
    expect(keyOf('/_locks', long)).toBe(`/_locks/%sha256-${hash(long)}`);
    // Sent, an ü takes 6 bytes, and a percent sign, encoded twice, 5.
    expect(keyOf('/_locks', 'ü'.repeat(251))).toBe(`/_locks/%sha256-${hash('ü'.repeat(251))}`);
    expect(keyOf('/_locks', '%'.repeat(300))).toBe(`/_locks/${'%25'.repeat(300)}`);
    expect(keyOf('/_locks', '%'.repeat(301))).toBe(`/_locks/%sha256-${hash('%'.repeat(301))}`);
  });

  it.each<[EtcdKey, string]>([
    ['/a/b', '/a/b/n'],
    ['a/b', '/a/b/n'],
    ['/a/b/', '/a/b/n'],
    ['/', '/n'],
    [['a', 'b c'], '/a/b c/n'],
  ])('stands below the prefix %j', (prefix, key) => {
    expect(keyOf(prefix, 'n')).toBe(key);
  });

  it('is one segment, and never that of another name', () => {
    const part = fc.constantFrom('.', '..', '/', '%', '%2F', '%2E', '2F', 'a', 'ü', ' ', '%sha256-', '_');
    const name = fc.oneof(
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('')),
      fc.array(part, { minLength: 500, maxLength: 900 }).map((parts) => parts.join('')),
    );
    const property = fc.property(name, name, (one, two) => {
      const [first, second] = [keyOf('/_locks', one), keyOf('/_locks', two)];
      for (const key of [first, second]) {
        expect(key.split('/')).toHaveLength(3);
        expect(normalizeKey(key)).toBe(key);
        expect(encodeURIComponent(key.slice('/_locks/'.length)).length).toBeLessThanOrEqual(1_500);
      }
      expect(first === second).toBe(one === two);
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  it.each([
    ['', /expected a text that is not empty, got '' \(string\)/],
    [undefined, /got undefined/],
    [null, /got null/],
    [7, /got 7 \(number\)/],
    [['a'], /got \(array\)/],
    ['a\ud800', /half a surrogate pair/],
    ['\udc00/', /half a surrogate pair/],
  ])('is not made of %j, and the error names the option', (name, says) => {
    const call = () => keyOf('/_locks', name as string, 'id');
    expect(call).toThrow(EtcdOptionsError);
    expect(call).toThrow(expect.objectContaining({ option: 'id', message: expect.stringMatching(says) }));
  });

  it.each(['', '//', '/a//b', '/a/../b', 7])('is not made below the prefix %j', (prefix) => {
    expect(() => keyOf(prefix as string, 'n')).toThrow(EtcdOptionsError);
  });
});
