import { formatTime, parseTime } from './expiration.js';
import { StoreNode } from './store-node.js';

/** A text that is UTF-8, or else its bytes. */
export type SnapshotText = string | { readonly base64: string };

/** A file, which has a value, or a directory, which has nodes. */
export interface SnapshotNode {
  readonly name: SnapshotText;
  readonly value?: SnapshotText;
  readonly nodes?: readonly SnapshotNode[];
  readonly createdIndex: number;
  readonly modifiedIndex: number;
  /** When it expires, as RFC 3339. */
  readonly expiration?: string;
}

/** A tree as plain data. */
export interface StoreSnapshot {
  /** The store index. */
  readonly index: number;
  readonly nodes: readonly SnapshotNode[];
}

export function snapshotOf(root: StoreNode, index: number): StoreSnapshot {
  return { index, nodes: childrenOf(root) };
}

function childrenOf(node: StoreNode): SnapshotNode[] {
  return Array.from(node.children?.values() ?? [], (child) => ({
    name: toText(child.name),
    ...(child.isDirectory ? { nodes: childrenOf(child) } : { value: toText(child.value) }),
    createdIndex: child.createdIndex,
    modifiedIndex: child.modifiedIndex,
    ...(child.expiration === undefined ? {} : { expiration: formatTime(child.expiration) }),
  }));
}

/** Makes the nodes of a snapshot. @param add is called with each, a directory before what is in it */
export function restoreNodes(
  parent: StoreNode,
  nodes: readonly SnapshotNode[],
  add: (node: StoreNode) => void,
): void {
  for (const { name, value = '', nodes: below, createdIndex, modifiedIndex, expiration } of nodes) {
    const content = { dir: below !== undefined, value: toBytes(value) };
    const node = new StoreNode(parent, toBytes(name), content, createdIndex);
    node.modifiedIndex = modifiedIndex;
    if (expiration !== undefined) node.expiration = parseTime(expiration);
    parent.children?.set(node.name, node);
    add(node);
    if (below !== undefined) restoreNodes(node, below, add);
  }
}

/** @param bytes a byte string */
export function toText(bytes: string): SnapshotText {
  const buffer = Buffer.from(bytes, 'latin1');
  const text = buffer.toString('utf8');
  return Buffer.from(text, 'utf8').equals(buffer) ? text : { base64: buffer.toString('base64') };
}

export function toBytes(text: SnapshotText): string {
  const buffer = typeof text === 'string' ? Buffer.from(text, 'utf8') : Buffer.from(text.base64, 'base64');
  return buffer.toString('latin1');
}
