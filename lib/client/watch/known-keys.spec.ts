import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import type { JsonObject } from '../http/json.js';
import { EtcdNode } from '../keys/index.js';
import { KnownKeys } from './known-keys.js';
import { isBelow, Scope } from './scope.js';

interface Change {
  readonly node: EtcdNode;
  readonly removes: boolean;
}

/** The files and directories of a store, as far as a watcher can see them. */
class Store {
  index = 0;
  /** The index of each file, and `undefined` for a directory. */
  readonly nodes = new Map<string, number | undefined>();

  /** Writes a file, where etcd would let it. */
  set(key: string): Change | undefined {
    const parents = ancestorsOf(key);
    const isFile = (path: string) => this.nodes.get(path) !== undefined;
    if (parents.some(isFile) || (this.nodes.has(key) && !isFile(key))) return undefined;
    for (const parent of parents) this.nodes.set(parent, undefined);
    this.nodes.set(key, ++this.index);
    return { node: node(key, this.index), removes: false };
  }

  mkdir(key: string): Change | undefined {
    if ([key, ...ancestorsOf(key)].some((path) => this.nodes.get(path) !== undefined)) return undefined;
    for (const path of [key, ...ancestorsOf(key)]) this.nodes.set(path, undefined);
    return { node: node(key, ++this.index, true), removes: false };
  }

  /** Removes a key and everything below it. */
  remove(key: string): Change | undefined {
    if (!this.nodes.has(key)) return undefined;
    for (const path of this.nodes.keys()) if (path === key || isBelow(path, key)) this.nodes.delete(path);
    return { node: node(key, ++this.index), removes: true };
  }

  /** A watched key with everything below it, as a read shows it. */
  read(key: string): EtcdNode | undefined {
    if (key !== '/' && !this.nodes.has(key)) return undefined;
    const below = [...this.nodes].filter(
      ([path]) => isBelow(path, key) && !path.includes('/_', key === '/' ? 0 : key.length),
    );
    const raw = (path: string): JsonObject => {
      const index = path === '/' ? undefined : this.nodes.get(path);
      if (index !== undefined) return { key: path, value: 'v', modifiedIndex: index };
      const nodes = below.filter(
        ([child]) => ancestorsOf(child).at(-1) === path || (path === '/' && ancestorsOf(child).length === 0),
      );
      return { key: path, dir: true, modifiedIndex: this.index, nodes: nodes.map(([child]) => raw(child)) };
    };
    return new EtcdNode(raw(key), '');
  }
}

function ancestorsOf(key: string): string[] {
  const names = key.slice(1).split('/');
  return names.slice(1).map((_, i) => `/${names.slice(0, i + 1).join('/')}`);
}

function node(key: string, modifiedIndex: number, dir = false): EtcdNode {
  return new EtcdNode({ key, modifiedIndex, ...(dir ? { dir } : { value: 'v' }) }, '');
}

/** What somebody holds who was told changes and differences, and nothing else: the files and their indexes. */
class Copy {
  readonly files = new Map<string, number>();

  apply({ node, removes }: Change): void {
    if (removes) this.remove(node.key);
    else this.put(node);
  }

  put(node: EtcdNode): void {
    if (node.dir) this.files.delete(node.key);
    else this.files.set(node.key, node.modifiedIndex);
  }

  remove(key: string): void {
    for (const path of this.files.keys()) if (path === key || isBelow(path, key)) this.files.delete(path);
  }
}

const names = fc.constantFrom('a', 'b', 'ab', '_h');
const keys = fc.array(names, { minLength: 1, maxLength: 4 }).map((all) => `/${all.join('/')}`);
const steps = fc.array(
  fc.record({
    what: fc.constantFrom<'set' | 'mkdir' | 'remove'>('set', 'set', 'set', 'mkdir', 'remove'),
    key: keys,
    // Told, lost, or lost with everything before it and followed by the state.
    fate: fc.constantFrom('told', 'told', 'told', 'lost', 'state'),
  }),
  { maxLength: 60 },
);

const filesOf = (state: EtcdNode | undefined) =>
  new Map([...(state?.leaves() ?? [])].map((leaf) => [leaf.key, leaf.modifiedIndex]));

describe('KnownKeys', () => {
  it('makes right whatever was lost: a copy of changes and differences is the state', () => {
    const watched = fc.constantFrom('/', '/a', '/a/b', '/_h');
    fc.assert(
      fc.property(watched, steps, (key, all) => {
        const [store, scope] = [new Store(), new Scope(key, true)];
        const [known, copy] = [new KnownKeys(key, true), new Copy()];
        const resync = () => {
          const state = store.read(key);
          const before = new Map(copy.files);
          const { added, changed, removed } = known.replace(state);
          // Nothing is said that was known already.
          for (const { key, dir } of added) expect(!dir && before.has(key)).toBe(false);
          for (const { key, dir, modifiedIndex } of changed)
            expect(before.get(key) === modifiedIndex && !dir).toBe(false);
          expect(removed.filter((path) => state !== undefined && filesOf(state).has(path))).toEqual([]);
          for (const path of removed) copy.remove(path);
          for (const node of [...added, ...changed]) copy.put(node);
          expect(copy.files).toEqual(filesOf(state));
          expect(known.isEmpty).toBe(
            copy.files.size === 0 &&
              (state === undefined || [...state.subtree()].every(({ key }) => key === '/')),
          );
        };
        let isLosing = false;
        for (const { what, key, fate } of all) {
          const change = store[what](key);
          const relation = change && scope.relate(key, change.removes);
          isLosing ||= fate === 'lost';
          if (change !== undefined && relation !== undefined && !isLosing && fate === 'told') {
            known.apply(change.node, change.removes, relation);
            copy.apply(change);
          } else if (fate === 'state') {
            resync();
            isLosing = false;
          }
        }
        resync();
        // What has been told once is not told again.
        expect(known.replace(store.read(key))).toEqual({ added: [], changed: [], removed: [] });
      }),
      { numRuns: 3_000 },
    );
  });

  /** The differences in a few words. */
  function brief(known: KnownKeys, state: EtcdNode | undefined): string[] {
    const { added, changed, removed } = known.replace(state);
    const say = (what: string, all: readonly EtcdNode[]) => all.map(({ key }) => `${what} ${key}`);
    return [...say('added', added), ...say('changed', changed), ...removed.map((key) => `removed ${key}`)];
  }

  const storeOf = (...files: string[]) => {
    const store = new Store();
    for (const key of files) store.set(key);
    return store;
  };

  it('tells each key of a removed directory, and the directory itself', () => {
    const known = new KnownKeys('/a', true);
    known.replace(storeOf('/a/b/c', '/a/b/d', '/a/e').read('/a'));
    expect(brief(known, storeOf('/a/e').read('/a'))).toEqual([
      'changed /a/e',
      'removed /a/b',
      'removed /a/b/c',
      'removed /a/b/d',
    ]);
  });

  it('tells that a file has become a directory, and a directory a file', () => {
    const known = new KnownKeys('/a', true);
    const store = storeOf('/a/x/y', '/a/z');
    known.replace(store.read('/a'));
    store.remove('/a/x');
    store.set('/a/x');
    store.remove('/a/z');
    store.set('/a/z/y');
    expect(brief(known, store.read('/a'))).toEqual([
      'added /a/z/y',
      'changed /a/x',
      'changed /a/z',
      'removed /a/x/y',
    ]);
  });

  it('takes a directory whose index has moved for the same, and a file that was refreshed for a changed one', () => {
    const known = new KnownKeys('/a', true);
    known.replace(
      new EtcdNode(
        { key: '/a', dir: true, modifiedIndex: 1, nodes: [{ key: '/a/f', modifiedIndex: 2 }] },
        '',
      ),
    );
    const later = { key: '/a', dir: true, modifiedIndex: 7, nodes: [{ key: '/a/f', modifiedIndex: 8 }] };
    expect(brief(known, new EtcdNode(later, ''))).toEqual(['changed /a/f']);
  });

  it('knows the directories that come with the first file in them, but none above what is watched', () => {
    const known = new KnownKeys('/a/b', true);
    const store = storeOf('/a/b/c/d');
    known.apply(node('/a/b/c/d', 1), false, 'descendant');
    expect(brief(known, store.read('/a/b'))).toEqual([]);
    store.remove('/a');
    known.apply(node('/a', 2), true, 'ancestor');
    expect(known.isEmpty).toBe(true);
    expect(brief(known, undefined)).toEqual([]);
  });

  it('keeps to the one key of a watch that is not recursive', () => {
    const known = new KnownKeys('/a', false);
    expect(brief(known, storeOf('/a/b').read('/a'))).toEqual(['added /a']);
    expect(brief(known, undefined)).toEqual(['removed /a']);
    expect(known.isEmpty).toBe(true);
  });

  it('is not sure that nothing is there before it has seen a state', () => {
    const known = new KnownKeys('/a', true);
    expect(known.isEmpty).toBe(false);
    known.replace(undefined);
    expect(known.isEmpty).toBe(true);
    known.apply(node('/a/b', 1), false, 'descendant');
    expect(known.isEmpty).toBe(false);
  });

  it('takes every file of another store for a changed one', () => {
    const known = new KnownKeys('/a', true);
    const store = storeOf('/a/b', '/a/c');
    expect(brief(known, store.read('/a'))).toHaveLength(3);
    const { added, changed, removed } = known.replace(store.read('/a'), 1);
    expect([added, changed.map(({ key }) => key), removed]).toEqual([[], ['/a/b', '/a/c'], []]);
  });

  it('never counts the root, which nobody can add or remove', () => {
    const known = new KnownKeys('/', true);
    expect(brief(known, storeOf('/a').read('/'))).toEqual(['added /a']);
    expect(brief(known, new Store().read('/'))).toEqual(['removed /a']);
    expect(known.isEmpty).toBe(true);
  });
});
