interface Branch<T> {
  value: T | undefined;
  children: Map<string, Branch<T>> | undefined;
}

/**
 * Values by their keys, in the shape of the store: a key goes with everything below it, and the order is that of
 * etcd's own sorted listings.
 */
export class KeyTree<T> {
  #root: Branch<T> = { value: undefined, children: undefined };
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): T | undefined {
    return this.#find(key)?.value;
  }

  /** Sets a value; `above` gives the value of each new branch on the way to a new key. */
  set(key: string, value: T, above?: (key: string) => T | undefined): void {
    this.#put(this.#grow(key, above), value);
  }

  /** Removes a key and everything below it, and gives what was there, in order. */
  delete(key: string): [key: string, value: T][] {
    const segments = segmentsOf(key);
    const last = segments.pop();
    if (last === undefined) {
      const all = [...this];
      this.#root = { value: undefined, children: undefined };
      this.#size = 0;
      return all;
    }
    let parent: Branch<T> | undefined = this.#root;
    for (const segment of segments) parent = parent?.children?.get(segment);
    const branch = parent?.children?.get(last);
    if (branch === undefined) return [];
    parent?.children?.delete(last);
    const removed = [...entriesOf(branch, key)];
    this.#size -= removed.length;
    return removed;
  }

  [Symbol.iterator](): Generator<[key: string, value: T], void, undefined> {
    return entriesOf(this.#root, '/');
  }

  #find(key: string): Branch<T> | undefined {
    let branch: Branch<T> | undefined = this.#root;
    if (key === '/') return branch;
    // No list of segments: this is done for each event.
    for (let start = 1; branch !== undefined;) {
      const end = key.indexOf('/', start);
      if (end < 0) return branch.children?.get(key.slice(start));
      branch = branch.children?.get(key.slice(start, end));
      start = end + 1;
    }
    return undefined;
  }

  /** The branch of a key, with all that lead to it. */
  #grow(key: string, above?: (key: string) => T | undefined): Branch<T> {
    let branch = this.#root;
    // No list of segments here either.
    for (let start = 1; start < key.length;) {
      const slash = key.indexOf('/', start);
      const end = slash < 0 ? key.length : slash;
      const name = key.slice(start, end);
      branch.children ??= new Map();
      let next = branch.children.get(name);
      if (next === undefined) {
        branch.children.set(name, (next = { value: undefined, children: undefined }));
        if (end < key.length) this.#put(next, above?.(key.slice(0, end)));
      }
      branch = next;
      start = end + 1;
    }
    return branch;
  }

  #put(branch: Branch<T>, value: T | undefined): void {
    this.#size += Number(value !== undefined) - Number(branch.value !== undefined);
    branch.value = value;
  }
}

/** A branch and everything below it: each level in the order of its names. */
function* entriesOf<T>(branch: Branch<T>, key: string): Generator<[string, T], void, undefined> {
  const open: [string, Branch<T>][] = [[key, branch]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [path, { value, children }] = next;
    if (value !== undefined) yield [path, value];
    if (children === undefined) continue;
    const base = path === '/' ? '' : path;
    const names = [...children.keys()].sort(compareBytes).toReversed();
    for (const name of names) open.push([`${base}/${name}`, children.get(name) as Branch<T>]);
  }
}

function segmentsOf(key: string): string[] {
  return key === '/' ? [] : key.slice(1).split('/');
}

const surrogate = /[\ud800-\udfff]/;

/** The order of the bytes in UTF-8, as etcd sorts; that of UTF-16 puts characters beyond U+FFFF too early. */
export function compareBytes(a: string, b: string): number {
  if (surrogate.test(a) || surrogate.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}
