import { EtcdResponseError } from '../errors/index.js';
import { isObject, optionalText, wrongType, type JsonObject } from '../http/json.js';

/** Deeper trees than a request line can name are no trees of etcd's. */
const deepest = 2_048;

/** A file or a directory of the store, as it was when the answer was given. */
export class EtcdNode {
  /** Its path, e.g. `/a/b`; below a namespace, without the namespace's prefix. The root is `/`. */
  readonly key: string;
  /** The value of a file; `undefined` for a directory, and where etcd sends none (after a delete or an expiry). */
  readonly value: string | undefined;
  /** Whether it is a directory. */
  readonly dir: boolean;
  /**
   * Seconds that were left, rounded up; 0 or less for one that has expired and waits to be removed. `undefined`
   * for a node that does not expire.
   */
  readonly ttl: number | undefined;
  /** When it expires, as etcd writes it (RFC 3339 with nanoseconds, on etcd's clock). */
  readonly expiration: string | undefined;
  /** Store index of its last change; 0 for the root. A refresh moves it without any event. */
  readonly modifiedIndex: number;
  /** Store index at which it was created, or replaced by a plain set; 0 for the root. */
  readonly createdIndex: number;
  /** Its direct children as far as the answer lists them; empty for a file and for an empty directory. */
  readonly children: readonly EtcdNode[];

  /** @hidden Made of what etcd answers. */
  constructor(raw: JsonObject, prefix: string, depth = 0) {
    if (depth > deepest) throw new EtcdResponseError(`The answer nests more than ${deepest} directories.`);
    const { value, dir, ttl, nodes } = raw;
    if (value !== undefined && typeof value !== 'string') throw wrongType('value', 'a text');
    if (dir !== undefined && typeof dir !== 'boolean') throw wrongType('dir', 'true or false');
    if (ttl !== undefined && !Number.isSafeInteger(ttl)) throw wrongType('ttl', 'a whole number');
    this.key = readKey(raw, prefix);
    this.value = value;
    this.dir = dir === true;
    this.expiration = optionalText(raw, 'expiration');
    // etcd leaves `ttl` out when it is 0, which `expiration` beside it tells from "none".
    this.ttl = (ttl as number | undefined) ?? (this.expiration === undefined ? undefined : 0);
    this.modifiedIndex = readIndex(raw, 'modifiedIndex');
    this.createdIndex = readIndex(raw, 'createdIndex');
    if (nodes === undefined) {
      this.children = noChildren;
      return;
    }
    // One frame of the stack for each level, so that the deepest tree does not exhaust it.
    const children: EtcdNode[] = [];
    for (const child of readList(nodes)) children.push(new EtcdNode(child, prefix, depth + 1));
    this.children = children;
  }

  /** Every file of the tree below it, and itself when it is one. An empty directory has none. */
  *leaves(): Generator<EtcdNode, void, undefined> {
    for (const node of this.subtree()) if (!node.dir) yield node;
  }

  /** Itself and everything below it: each directory before its children, in the order of the answer. */
  *subtree(): Generator<EtcdNode, void, undefined> {
    const open: EtcdNode[] = [this];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      yield node;
      for (let i = node.children.length - 1; i >= 0; i--) open.push(node.children[i] as EtcdNode);
    }
  }
}

const noChildren: readonly EtcdNode[] = Object.freeze([]);

function readKey(raw: JsonObject, prefix: string): string {
  const key = optionalText(raw, 'key') ?? '/';
  if (prefix === '') return key;
  return key === prefix ? '/' : key.startsWith(`${prefix}/`) ? key.slice(prefix.length) : key;
}

function readIndex(raw: JsonObject, name: string): number {
  const index = raw[name] ?? 0;
  if (!Number.isSafeInteger(index) || (index as number) < 0) throw wrongType(name, 'an index');
  return index as number;
}

function readList(nodes: unknown): readonly JsonObject[] {
  if (!Array.isArray(nodes)) throw wrongType('nodes', 'a list');
  if (!nodes.every(isObject)) throw wrongType('nodes', 'a list of objects');
  return nodes;
}
