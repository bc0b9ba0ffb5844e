import type { EtcdCacheChange } from '../watch/index.js';

/** The texts of a configuration's files by their keys below the prefix. It is never changed, only replaced. */
export type Files = ReadonlyMap<string, string>;

/** A file as etcd has it. */
interface FileNode {
  readonly value: string | undefined;
}

/** Cuts the prefix off a key. The file that stands at the prefix itself is `/`. */
export function keyBelow(prefix: string, key: string): string {
  if (prefix === '/') return key;
  return key === prefix ? '/' : key.slice(prefix.length);
}

/** Puts the prefix before a key. */
export function keyUnder(prefix: string, key: string): string {
  if (prefix === '/') return key;
  return key === '/' ? prefix : `${prefix}${key}`;
}

export function toFiles(
  prefix: string,
  nodes: Iterable<readonly [key: string, node: FileNode]>,
): Map<string, string> {
  const files = new Map<string, string>();
  for (const [key, { value = '' }] of nodes) files.set(keyBelow(prefix, key), value);
  return files;
}

export function applyChanges(
  prefix: string,
  files: Map<string, string>,
  changes: readonly EtcdCacheChange[],
): void {
  for (const { key, node } of changes) {
    if (node === undefined) files.delete(keyBelow(prefix, key));
    else files.set(keyBelow(prefix, key), node.value ?? '');
  }
}

/** The keys that two states differ in: those that are gone first. */
export function differences(before: Files, after: Files): string[] {
  const gone = [...before.keys()].filter((key) => !after.has(key));
  const put = [...after].filter(([key, text]) => before.get(key) !== text).map(([key]) => key);
  return [...gone, ...put];
}
