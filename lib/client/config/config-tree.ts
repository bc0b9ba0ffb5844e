/** A directory; or a file, which has a value and no children. */
interface Branch {
  readonly children: Map<string, Branch> | undefined;
  value: unknown;
  /** The frozen object of a directory; `undefined` when something below it has changed since. */
  built: object | undefined;
  /** The sorted names of a directory; `undefined` when one has come or gone since. */
  names: readonly string[] | undefined;
}

/**
 * A tree of values as nested frozen objects. Those of directories in which nothing has changed are the same from one build
 * to the next, so that a change in a large configuration costs no more than the directories above it.
 *
 * The objects have no prototype: no name that comes from etcd, or is asked for, means something that was not put there.
 */
export class ConfigTree {
  #root: Branch = directory();

  /** Puts a value in its place, and a directory in the place of each file above it. */
  set(key: string, value: unknown): void {
    const segments = segmentsOf(key);
    if (segments.includes('__proto__')) return;
    const last = segments.pop();
    if (last === undefined) {
      this.#root = file(value);
      return;
    }
    if (this.#root.children === undefined) this.#root = directory();
    let branch = this.#root;
    for (const segment of segments) {
      let next = branch.children?.get(segment);
      if (next?.children === undefined) next = putChild(branch, segment, directory());
      branch.built = undefined;
      branch = next;
    }
    putChild(branch, last, file(value));
  }

  /** Removes a value, and each directory that is left empty by it. */
  delete(key: string): void {
    const segments = segmentsOf(key);
    const path: Branch[] = [this.#root];
    for (const segment of segments) {
      const next = path.at(-1)?.children?.get(segment);
      if (next === undefined) return;
      path.push(next);
    }
    // What is a directory by now was put there after the file was removed.
    if (path.pop()?.children !== undefined) return;
    if (segments.length === 0) this.#root = directory();
    for (let parent = path.pop(); parent !== undefined; parent = path.pop()) {
      const name = segments.pop() as string;
      const child = parent.children?.get(name);
      if (child?.children === undefined || child.children.size === 0) {
        parent.children?.delete(name);
        parent.names = undefined;
      }
      parent.built = undefined;
    }
  }

  /** The whole tree: an object, or the value of the file that stands in its place. */
  build(): unknown {
    return build(this.#root);
  }
}

function putChild(parent: Branch, name: string, child: Branch): Branch {
  if (parent.children?.has(name) !== true) parent.names = undefined;
  parent.children?.set(name, child);
  parent.built = undefined;
  return child;
}

function build(branch: Branch): unknown {
  const { children } = branch;
  if (children === undefined) return branch.value;
  if (branch.built !== undefined) return branch.built;
  // In one order, however the names have come, so that equal states look equal in every process.
  branch.names ??= [...children.keys()].sort();
  const object = Object.create(null) as Record<string, unknown>;
  for (const name of branch.names) object[name] = build(children.get(name) as Branch);
  branch.built = Object.freeze(object);
  return object;
}

function directory(): Branch {
  return { children: new Map(), value: undefined, built: undefined, names: undefined };
}

function file(value: unknown): Branch {
  return { children: undefined, value, built: undefined, names: undefined };
}

function segmentsOf(key: string): string[] {
  return key === '/' ? [] : key.slice(1).split('/');
}

/** What lies at a key of a nested value; `undefined` where there is nothing of its own. */
export function valueAt(value: unknown, key: string): unknown {
  let found = value;
  for (const segment of segmentsOf(key)) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, segment)) return undefined;
    found = (found as Record<string, unknown>)[segment];
  }
  return found;
}
