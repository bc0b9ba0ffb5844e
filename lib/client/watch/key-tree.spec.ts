import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { KeyTree, compareBytes } from './key-tree.js';

/** Names whose order in UTF-16 and in UTF-8 differ, and such as begin with one another. */
const names = fc.constantFrom(
  'a',
  'ab',
  'a b',
  'a!',
  'B',
  '_h',
  'é',
  '\uFFFD',
  '😀',
  '0',
  '10',
  '9',
  '__proto__',
);
const keys = fc.array(names, { maxLength: 4 }).map((all) => `/${all.join('/')}`);

type Step = ['set', string, number] | ['delete', string];
const steps = fc.array(
  fc.oneof(
    fc.tuple(fc.constant('set' as const), keys, fc.nat()),
    fc.tuple(fc.constant('delete' as const), keys),
  ) as fc.Arbitrary<Step>,
  { maxLength: 40 },
);

const isAtOrBelow = (key: string, top: string) =>
  key === top || key.startsWith(top === '/' ? '/' : `${top}/`);

/** Name by name, each in the order of its bytes, and a directory before what is in it. */
function inOrder(a: string, b: string): number {
  const [left, right] = [a, b].map((key) => (key === '/' ? [] : key.slice(1).split('/')));
  for (const [i, name] of (left ?? []).entries()) {
    const other = right?.[i];
    if (other === undefined) return 1;
    const order = Buffer.compare(Buffer.from(name), Buffer.from(other));
    if (order !== 0) return order;
  }
  return (left?.length ?? 0) - (right?.length ?? 0);
}

const sorted = (model: ReadonlyMap<string, number>) => [...model].sort(([a], [b]) => inOrder(a, b));

describe('KeyTree', () => {
  it('is a map whose keys go with everything below them, in the order of their bytes', () => {
    fc.assert(
      fc.property(steps, keys, (all, asked) => {
        const tree = new KeyTree<number>();
        const model = new Map<string, number>();
        for (const [what, key, value = 0] of all) {
          if (what === 'set') {
            tree.set(key, value);
            model.set(key, value);
            continue;
          }
          const below = new Map([...model].filter(([known]) => isAtOrBelow(known, key)));
          for (const known of below.keys()) model.delete(known);
          expect(tree.delete(key)).toEqual(sorted(below));
        }
        expect(tree.size).toBe(model.size);
        expect([...tree]).toEqual(sorted(model));
        for (const key of [...model.keys(), asked]) expect(tree.get(key)).toBe(model.get(key));
      }),
      { numRuns: 1_000 },
    );
  });

  it('orders a directory before its children, and those before a name that only begins like it', () => {
    const tree = new KeyTree<string>();
    const ordered = ['/', '/a', '/a/z', '/a/z/y', '/a!', '/ab', '/é', '/\uFFFD', '/😀'];
    for (const key of ordered.toReversed()) tree.set(key, key);
    expect([...tree].map(([key]) => key)).toEqual(ordered);
    // The control: as texts they stand otherwise, by the slash and by the halves of the last one.
    expect(ordered.toSorted()).not.toEqual(ordered);
  });

  it('gives the branches above a value, and nothing of the value itself', () => {
    const tree = new KeyTree<string>();
    const above: string[] = [];
    const name = (key: string) => {
      above.push(key);
      return key === '/a/b' ? 'dir' : undefined;
    };
    tree.set('/a/b/c', 'file', name);
    expect(above).toEqual(['/a', '/a/b']);
    expect([...tree]).toEqual([
      ['/a/b', 'dir'],
      ['/a/b/c', 'file'],
    ]);
    tree.set('/a/b/d', 'file', name);
    // A branch that is there is not asked for again, whether it has got a value or not.
    expect(above).toHaveLength(2);
    expect(tree.get('/a/b')).toBe('dir');
    expect(tree.size).toBe(3);
  });

  it('forgets what was below a key that comes again', () => {
    const tree = new KeyTree<number>();
    tree.set('/a/b', 1);
    expect(tree.delete('/a')).toEqual([['/a/b', 1]]);
    tree.set('/a', 2);
    expect([tree.get('/a/b'), tree.size]).toEqual([undefined, 1]);
    expect(tree.delete('/')).toEqual([['/a', 2]]);
    expect([tree.size, tree.get('/a'), [...tree]]).toEqual([0, undefined, []]);
  });

  it('goes as deep as a request line can name, and holds a wide directory', () => {
    const tree = new KeyTree<number>();
    const deep = '/d'.repeat(2_000);
    tree.set(deep, 1);
    for (let i = 0; i < 20_000; i++) tree.set(`/wide/${i}`, i);
    expect([tree.get(deep), tree.size]).toEqual([1, 20_001]);
    expect([...tree][0]).toEqual([deep, 1]);
    expect(tree.delete('/wide')).toHaveLength(20_000);
    expect(tree.size).toBe(1);
  });
});

describe('compareBytes', () => {
  it('orders texts as their UTF-8 is ordered', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 6 });
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 2_000 },
    );
    expect(compareBytes('\uFFFD', '😀')).toBeLessThan(0);
  });
});
