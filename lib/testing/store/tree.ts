import { StoreNode } from './store-node.js';

/** Where a path leads: to a node, to the first element that is missing, or to a file that is in the way. */
export type Found =
  | { readonly kind: 'node'; readonly node: StoreNode }
  | { readonly kind: 'missing'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string };

/** The nodes, and nothing else: no indexes, no times, no watchers. */
export class Tree {
  readonly root = new StoreNode(undefined, '', { dir: true, value: '' }, 0);

  find(path: string): Found {
    let node = this.root;
    for (const name of names(path)) {
      if (node.children === undefined) return { kind: 'file', path: node.path };
      const child = node.children.get(name);
      if (child === undefined)
        return { kind: 'missing', path: `${node === this.root ? '' : node.path}/${name}` };
      node = child;
    }
    return { kind: 'node', node };
  }

  /** The directory of that path, made with everything above it if need be. No file may be in the way. */
  makeDirectory(path: string, index: number): StoreNode {
    let node = this.root;
    for (const name of names(path)) {
      node = node.children?.get(name) ?? this.add(node, name, { dir: true, value: '' }, index);
    }
    return node;
  }

  add(
    parent: StoreNode,
    name: string,
    content: { readonly dir: boolean; readonly value: string },
    index: number,
  ): StoreNode {
    const node = new StoreNode(parent, name, content, index);
    parent.children?.set(name, node);
    return node;
  }
}

function names(path: string): string[] {
  return path === '/' ? [] : path.slice(1).split('/');
}

/** @returns the parent's path and the last element */
export function splitPath(path: string): [parent: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, slash) || '/', path.slice(slash + 1)];
}
