/** Where a changed node lies, seen from the watched key. */
export type EtcdRelation = 'self' | 'descendant' | 'ancestor';

/** What is watched: one key, or with `recursive` everything visible below it as well. Keys are whole paths of the store. */
export class Scope {
  constructor(
    readonly key: string,
    readonly recursive: boolean,
  ) {}

  /**
   * How a changed key concerns this scope, by the rules of etcd's live watches; `undefined` when it does not. An
   * ancestor concerns it only where it was a directory that was `removed` with everything below.
   */
  relate(key: string, removed: boolean): EtcdRelation | undefined {
    if (key === this.key) return 'self';
    if (isBelow(key, this.key)) return this.recursive && !isHidden(key, this.key) ? 'descendant' : undefined;
    return removed && isBelow(this.key, key) ? 'ancestor' : undefined;
  }

  /** Whether a watch of this scope hears everything that one of `other` does. */
  covers(other: Scope): boolean {
    if (other.key === this.key) return this.recursive || !other.recursive;
    return this.recursive && isBelow(other.key, this.key) && !isHidden(other.key, this.key);
  }
}

/** A key, and the keys of all directories above it up to the root. */
export function* keysUpFrom(key: string): Generator<string, void, undefined> {
  yield key;
  for (let end = key.lastIndexOf('/'); end > 0; end = key.lastIndexOf('/', end - 1)) yield key.slice(0, end);
  if (key !== '/') yield '/';
}

/** Whether a key lies below another one, however deep. */
export function isBelow(key: string, ancestor: string): boolean {
  if (ancestor === '/') return key !== '/';
  return key.length > ancestor.length && key[ancestor.length] === '/' && key.startsWith(ancestor);
}

/** Whether a part of the path from `ancestor` down to `key` is hidden, so that etcd shows it to nobody who looks from there. */
function isHidden(key: string, ancestor: string): boolean {
  return key.includes('/_', ancestor === '/' ? 0 : ancestor.length);
}
