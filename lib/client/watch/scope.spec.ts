import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { Scope, isBelow, keysUpFrom, type EtcdRelation } from './scope.js';

/** `self` and so on, or `-` where a change does not concern a scope. */
const relation = (scope: Scope, key: string, removed: boolean) => scope.relate(key, removed) ?? '-';

const names = fc.constantFrom('a', 'b', 'ab', '_h', 'a_');
const segments = fc.array(names, { maxLength: 4 });
const path = (all: readonly string[]) => `/${all.join('/')}`;
const scopes = fc
  .record({ key: segments, recursive: fc.boolean() })
  .map(({ key, recursive }) => new Scope(path(key), recursive));

/** The rules of a live watch (section 3.3 of the protocol), said of lists of names instead of texts. */
function expected(
  watched: readonly string[],
  recursive: boolean,
  key: readonly string[],
  removed: boolean,
): EtcdRelation | undefined {
  const startsWith = (all: readonly string[], first: readonly string[]) =>
    first.every((name, i) => all[i] === name);
  if (startsWith(key, watched)) {
    const below = key.slice(watched.length);
    if (below.length === 0) return 'self';
    return recursive && !below.some((name) => name.startsWith('_')) ? 'descendant' : undefined;
  }
  return removed && startsWith(watched, key) ? 'ancestor' : undefined;
}

describe('isBelow', () => {
  it.each([
    ['/foo/bar', '/foo', true],
    ['/foo/bar/baz', '/foo', true],
    ['/foobar', '/foo', false],
    ['/foo', '/foo', false],
    ['/fo', '/foo', false],
    ['/foo', '/', true],
    ['/', '/', false],
    ['/', '/foo', false],
    ['/x/foo/bar', '/foo', false],
  ])('%s below %s: %s', (key, ancestor, is) => {
    expect(isBelow(key, ancestor)).toBe(is);
  });
});

describe('keysUpFrom', () => {
  it.each([
    ['/a/b_/c', ['/a/b_/c', '/a/b_', '/a', '/']],
    ['/a', ['/a', '/']],
    ['/', ['/']],
  ])('gives %s and all directories above it', (key, all) => {
    expect([...keysUpFrom(key)]).toEqual(all);
  });
});

describe('Scope.relate', () => {
  it.each<[string, boolean, string, boolean, EtcdRelation | '-']>([
    // Watched, recursive, changed, removed.
    ['/foo', false, '/foo', false, 'self'],
    ['/foo', true, '/foo', true, 'self'],
    ['/foo', false, '/foo/bar', false, '-'],
    ['/foo', true, '/foo/bar/baz', false, 'descendant'],
    ['/foo', true, '/foobar', false, '-'],
    ['/foobar', true, '/foo', true, '-'],
    ['/foo/bar', true, '/foo', false, '-'],
    ['/foo/bar', false, '/foo', true, 'ancestor'],
    ['/foo/bar/baz', true, '/foo', true, 'ancestor'],
    ['/', true, '/anything', false, 'descendant'],
    ['/', false, '/anything', true, '-'],
    ['/foo', true, '/', true, 'ancestor'],
  ])('watched %s (recursive %s), changed %s (removed %s): %s', (key, recursive, changed, removed, is) => {
    expect(relation(new Scope(key, recursive), changed, removed)).toBe(is);
  });

  it('does not tell hidden keys to who looks from above, and tells them to who looks from there or below', () => {
    const heard = (watched: string) => relation(new Scope(watched, true), '/app/_secret/key', false);
    expect(['/', '/app', '/app/_secret', '/app/_secret/key'].map(heard)).toEqual([
      '-',
      '-',
      'descendant',
      'self',
    ]);
    // An underscore hides only at the beginning of a name.
    expect(relation(new Scope('/app', true), '/app/a_b/c_', false)).toBe('descendant');
    expect(relation(new Scope('/_app', true), '/_app/key', false)).toBe('descendant');
    expect(relation(new Scope('/_app', true), '/_app/_key', false)).toBe('-');
    expect(relation(new Scope('/', true), '/_top', false)).toBe('-');
  });

  it('is what the rules say of any key', () => {
    fc.assert(
      fc.property(segments, fc.boolean(), segments, fc.boolean(), (watched, recursive, key, removed) => {
        const scope = new Scope(path(watched), recursive);
        expect(scope.relate(path(key), removed)).toBe(expected(watched, recursive, key, removed));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('Scope.covers', () => {
  it.each<[string, boolean, string, boolean, boolean]>([
    // The wider one, recursive, the narrower one, recursive.
    ['/foo', true, '/foo', true, true],
    ['/foo', true, '/foo', false, true],
    ['/foo', false, '/foo', false, true],
    ['/foo', false, '/foo', true, false],
    ['/foo', true, '/foo/bar', true, true],
    ['/foo', false, '/foo/bar', false, false],
    ['/foo/bar', true, '/foo', true, false],
    ['/foo', true, '/foobar', false, false],
    ['/', true, '/foo', true, true],
    ['/', true, '/', false, true],
    ['/foo', true, '/foo/_hidden', false, false],
    ['/foo', true, '/foo/_hidden/key', true, false],
    ['/foo/_hidden', true, '/foo/_hidden/key', true, true],
  ])('%s (recursive %s) covers %s (recursive %s): %s', (wide, recursive, narrow, narrowly, is) => {
    expect(new Scope(wide, recursive).covers(new Scope(narrow, narrowly))).toBe(is);
  });

  it('means that everything that the narrower one hears is heard, and that nothing else does', () => {
    fc.assert(
      fc.property(
        scopes,
        scopes,
        fc.array(segments, { minLength: 30, maxLength: 30 }),
        (wide, narrow, keys) => {
          const near = [narrow.key, `${narrow.key === '/' ? '' : narrow.key}/a/b`];
          const changes = [...keys.map(path), ...near].flatMap((key) =>
            [true, false].map((removed) => ({ key, removed })),
          );
          const missed = changes.filter(
            ({ key, removed }) =>
              narrow.relate(key, removed) !== undefined && wide.relate(key, removed) === undefined,
          );
          // Shown, because the keys that are missed say why.
          expect({ covers: missed.length === 0, missed }).toEqual({ covers: wide.covers(narrow), missed });
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
