import { remainingTtl } from './expiration.js';

/** A node as answers and events show it. Keys and values are byte strings: one character for each byte. */
export interface NodeView {
  /** Absolute; `/` for the root, of which answers show no key. */
  readonly key: string;
  readonly value?: string | undefined;
  readonly dir?: boolean | undefined;
  /** In ns since 1970. */
  readonly expiration?: bigint | undefined;
  /** In seconds; 0 is not shown. */
  readonly ttl?: number | undefined;
  readonly nodes?: readonly NodeView[] | undefined;
  readonly modifiedIndex: number;
  readonly createdIndex: number;
}

/** A file or a directory of the tree. */
export class StoreNode {
  readonly path: string;
  /** Its children by name, if it is a directory. */
  readonly children: Map<string, StoreNode> | undefined;
  value: string;
  modifiedIndex: number;
  /** In ns since 1970; `undefined` for a node that stays. */
  expiration: bigint | undefined;
  /** Where it is in the heap of those that expire; -1 while it is not there. The heap's own. */
  heapPosition = -1;

  constructor(
    readonly parent: StoreNode | undefined,
    readonly name: string,
    content: { readonly dir: boolean; readonly value: string },
    readonly createdIndex: number,
  ) {
    this.path = parent === undefined ? '/' : childPath(parent.path, name);
    this.children = content.dir ? new Map<string, StoreNode>() : undefined;
    this.value = content.dir ? '' : content.value;
    this.modifiedIndex = createdIndex;
  }

  get isDirectory(): boolean {
    return this.children !== undefined;
  }

  /** The node alone, without its children. */
  view(now: bigint): NodeView {
    const { expiration } = this;
    return {
      key: this.path,
      value: this.isDirectory ? undefined : this.value,
      dir: this.isDirectory,
      expiration,
      ttl: expiration === undefined ? undefined : remainingTtl(expiration, now),
      modifiedIndex: this.modifiedIndex,
      createdIndex: this.createdIndex,
    };
  }

  /** The node with its visible children, as deep as they go when `recursive`. */
  listing(now: bigint, recursive: boolean, sorted: boolean): NodeView {
    if (this.children === undefined) return this.view(now);
    const children: StoreNode[] = [];
    for (const child of this.children.values()) if (!child.name.startsWith('_')) children.push(child);
    if (children.length === 0) return this.view(now);
    const nodes = (sorted ? children.sort(byName) : rotate(children)).map((child) =>
      recursive ? child.listing(now, true, sorted) : child.view(now),
    );
    return { ...this.view(now), nodes };
  }
}

export function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

/** Byte-wise, because each character is one byte. Children of one node differ by nothing but their names. */
function byName(a: StoreNode, b: StoreNode): number {
  return a.name < b.name ? -1 : 1;
}

/** etcd's order is another one at each request; who relies on one is to find out here. */
function rotate(nodes: StoreNode[]): StoreNode[] {
  const start = Math.floor(Math.random() * nodes.length);
  return [...nodes.slice(start), ...nodes.slice(0, start)];
}
