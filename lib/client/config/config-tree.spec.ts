import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ConfigTree, valueAt } from './config-tree.js';

/** A tree with these values. */
function treeOf(values: Record<string, unknown>): ConfigTree {
  const tree = new ConfigTree();
  for (const [key, value] of Object.entries(values)) tree.set(key, value);
  return tree;
}

describe('ConfigTree', () => {
  it('nests values by their keys, in one order, whatever the order in which they came', () => {
    const text = '{"a":{"b":1,"c":2},"b":3,"é":4}';
    expect(JSON.stringify(treeOf({ '/é': 4, '/b': 3, '/a/c': 2, '/a/b': 1 }).build())).toBe(text);
    expect(JSON.stringify(treeOf({ '/a/b': 1, '/a/c': 2, '/b': 3, '/é': 4 }).build())).toBe(text);
  });

  it('gives frozen objects without a prototype, in which names mean nothing but themselves', () => {
    const tree = treeOf({
      '/constructor': 'own',
      '/a/toString': 1,
      '/__proto__/isAdmin': true,
      '/b/__proto__': 1,
    });
    const value = tree.build() as Record<string, object>;
    expect(Object.keys(value)).toEqual(['a', 'constructor']);
    expect([value, value['a']].map((object) => Object.getPrototypeOf(object) as unknown)).toEqual([
      null,
      null,
    ]);
    expect(Object.isFrozen(value) && Object.isFrozen(value['a'])).toBe(true);
    expect('isAdmin' in {} || 'hasOwnProperty' in value).toBe(false);
  });

  it('builds anew only what has changed', () => {
    const tree = treeOf({ '/a/b/c': 1, '/d/e': 2 });
    const before = tree.build() as { a: { b: object }; d: object };
    expect(tree.build()).toBe(before);
    tree.set('/a/b/c', 3);
    const after = tree.build() as typeof before;
    expect(after).toEqual({ a: { b: { c: 3 } }, d: { e: 2 } });
    expect(before.a.b).toEqual({ c: 1 });
    expect(after.d).toBe(before.d);
  });

  it('takes a value at its root, and a directory in its place', () => {
    const tree = treeOf({ '/': 'text' });
    expect(tree.build()).toBe('text');
    tree.set('/a', 1);
    expect(tree.build()).toEqual({ a: 1 });
    tree.set('/', 'text');
    tree.delete('/');
    expect(tree.build()).toEqual({});
  });

  it('is, after any changes, what it is when it is built of their outcome', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const key = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/${names.join('/')}`);
    const change = fc.record({ key, value: fc.option(fc.nat(9)) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const tree = new ConfigTree();
        const files = new Map<string, number>();
        for (const { key: at, value } of changes) {
          // As etcd has it: no file below a file, and no file where a directory is.
          const clashes = [...files.keys()].some(
            (other) => other.startsWith(`${at}/`) || at.startsWith(`${other}/`),
          );
          if (value === null ? !files.has(at) : clashes) continue;
          if (value === null) files.delete(at);
          else files.set(at, value);
          if (value === null) tree.delete(at);
          else tree.set(at, value);
          tree.build();
        }
        expect(JSON.stringify(tree.build())).toBe(JSON.stringify(treeOf(Object.fromEntries(files)).build()));
        for (const [at, value] of files) expect(valueAt(tree.build(), at)).toBe(value);
      }),
    );
  });
});
