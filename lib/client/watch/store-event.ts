import { EtcdResponseError } from '../errors/index.js';
import {
  isObject,
  optionalText,
  parseObject,
  requiredText,
  wrongType,
  type JsonObject,
} from '../http/json.js';
import { EtcdNode } from '../keys/index.js';
import type { EtcdWatchAction } from './events.js';
import { isBelow } from './scope.js';

const removals: ReadonlySet<string> = new Set(['delete', 'compareAndDelete', 'expire']);

/** One change of the store as etcd tells it, before it is known who wants it and how. */
export class StoreEvent {
  readonly action: EtcdWatchAction;
  /** The whole path of the changed node. */
  readonly key: string;
  /** The store index of the change. */
  readonly index: number;
  /** Whether the node is gone, with everything below it. */
  readonly removes: boolean;
  /** Whether a directory is gone, so that something below it can be gone as well. */
  readonly removesTree: boolean;
  readonly #node: JsonObject;
  readonly #prevNode: JsonObject | undefined;
  #shown:
    { readonly prefix: string; readonly node: EtcdNode; readonly prevNode: EtcdNode | undefined } | undefined;

  /**
   * @param text one event as JSON
   * @param bytes how long it was
   * @throws {EtcdResponseError}
   */
  constructor(
    text: string,
    readonly bytes: number,
  ) {
    const body = parseObject(text);
    const { node, prevNode } = body;
    if (!isObject(node)) throw wrongType('node', 'an object');
    if (prevNode !== undefined && !isObject(prevNode)) throw wrongType('prevNode', 'an object');
    const index = node['modifiedIndex'];
    if (!Number.isSafeInteger(index) || (index as number) < 1)
      throw new EtcdResponseError('An event of a watch has no index.');
    this.action = requiredText(body, 'action') as EtcdWatchAction;
    this.key = optionalText(node, 'key') ?? '/';
    this.index = index as number;
    this.removes = removals.has(this.action);
    this.removesTree = this.removes && (node['dir'] === true || prevNode?.['dir'] === true);
    this.#node = node;
    this.#prevNode = prevNode;
  }

  /** The nodes with `prefix` cut off their keys; made once for all watchers of a namespace. */
  nodes(prefix: string): { readonly node: EtcdNode; readonly prevNode: EtcdNode | undefined } {
    if (this.#shown?.prefix !== prefix) {
      const show = (raw: JsonObject) => new EtcdNode(this.#within(raw, prefix), prefix);
      this.#shown = { prefix, node: show(this.#node), prevNode: this.#prevNode && show(this.#prevNode) };
    }
    return this.#shown;
  }

  /** What lies above a namespace has no name in it: its removal is that of the namespace's root. */
  #within(raw: JsonObject, prefix: string): JsonObject {
    return prefix !== '' && isBelow(prefix, this.key) ? { ...raw, key: prefix } : raw;
  }
}
