import type { EtcdNode } from '../keys/index.js';
import { KeyTree } from './key-tree.js';
import { type EtcdRelation, isBelow } from './scope.js';

/** How the present state differs from what a consumer has been told. */
export interface Difference {
  readonly added: EtcdNode[];
  readonly changed: EtcdNode[];
  readonly removed: string[];
}

/** Stands for a directory, whose index says nothing: updates of its TTL do not move it, and parents come without events. */
const directory = 0;

/** The root of the store or of a namespace, which is always there. */
const root = '/';

/** Which keys a watcher's consumer has been told of, and their indexes: what tells a later state from that. */
export class KnownKeys {
  readonly #indexes = new KeyTree<number>();
  #isComplete = false;
  #resets = 0;

  /** @param key what is watched, as the consumer calls it */
  constructor(
    private readonly key: string,
    private readonly recursive: boolean,
  ) {}

  /** Whether it is known that nothing of what is watched exists. */
  get isEmpty(): boolean {
    return this.#isComplete && this.#indexes.size === 0;
  }

  /** Takes in a change that is told. */
  apply(node: EtcdNode, removes: boolean, relation: EtcdRelation): void {
    if (removes) this.#indexes.delete(relation === 'ancestor' ? root : node.key);
    else if (node.key !== root) this.#indexes.set(node.key, indexOf(node), this.#above);
  }

  /**
   * Takes in the whole state, and gives what is new in it.
   *
   * @param resets how often the store has begun anew: the indexes of another one say nothing of those of this one
   */
  replace(state: EtcdNode | undefined, resets = 0): Difference {
    const isOtherStore = resets !== this.#resets;
    this.#resets = resets;
    const { added, changed, removed }: Difference = { added: [], changed: [], removed: [] };
    const present = new Set<string>();
    for (const node of this.#nodesOf(state)) {
      present.add(node.key);
      const known = this.#indexes.get(node.key);
      if (known === undefined) added.push(node);
      else if (known !== indexOf(node) || (isOtherStore && !node.dir)) changed.push(node);
    }
    for (const [key] of this.#indexes) if (!present.has(key)) removed.push(key);
    for (const key of removed) this.#indexes.delete(key);
    for (const node of [...added, ...changed]) this.#indexes.set(node.key, indexOf(node));
    this.#isComplete = true;
    return { added, changed, removed };
  }

  *#nodesOf(state: EtcdNode | undefined): Generator<EtcdNode, void, undefined> {
    if (state === undefined) return;
    for (const node of this.recursive ? state.subtree() : [state]) if (node.key !== root) yield node;
  }

  /** What is known of a directory by a change below it. */
  readonly #above = (key: string): number | undefined =>
    key === this.key || isBelow(key, this.key) ? directory : undefined;
}

function indexOf(node: EtcdNode): number {
  return node.dir ? directory : node.modifiedIndex;
}
