import type { StoreNode } from './store-node.js';

/**
 * The nodes that expire, the next one on top. Each node knows its place, so that taking one out of the middle costs
 * no search.
 */
export class TtlHeap {
  readonly #nodes: StoreNode[] = [];

  get size(): number {
    return this.#nodes.length;
  }

  get first(): StoreNode | undefined {
    return this.#nodes[0];
  }

  /** Brings the heap in line with the node's expiration: puts it in, moves it, or takes it out. */
  update(node: StoreNode): void {
    if (node.expiration === undefined) {
      this.remove(node);
      return;
    }
    if (node.heapPosition < 0) {
      this.#put(node, this.#nodes.length);
    }
    this.#settle(node);
  }

  remove(node: StoreNode): void {
    if (node.heapPosition < 0) return;
    const position = node.heapPosition;
    node.heapPosition = -1;
    const last = this.#nodes.pop();
    if (last === undefined || last === node) return;
    this.#put(last, position);
    this.#settle(last);
  }

  #settle(node: StoreNode): void {
    this.#rise(node);
    this.#sink(node);
  }

  #rise(node: StoreNode): void {
    while (node.heapPosition > 0) {
      const parent = this.#nodes[(node.heapPosition - 1) >> 1];
      if (parent === undefined || !isBefore(node, parent)) return;
      this.#swap(node, parent);
    }
  }

  #sink(node: StoreNode): void {
    for (;;) {
      const left = this.#nodes[2 * node.heapPosition + 1];
      const right = this.#nodes[2 * node.heapPosition + 2];
      if (left === undefined) return;
      const child = right !== undefined && isBefore(right, left) ? right : left;
      if (!isBefore(child, node)) return;
      this.#swap(node, child);
    }
  }

  #swap(a: StoreNode, b: StoreNode): void {
    const position = a.heapPosition;
    this.#put(a, b.heapPosition);
    this.#put(b, position);
  }

  #put(node: StoreNode, position: number): void {
    this.#nodes[position] = node;
    node.heapPosition = position;
  }
}

function isBefore(a: StoreNode, b: StoreNode): boolean {
  // The same in all members, whatever they have been through.
  if (a.expiration === b.expiration) return a.path < b.path;
  return (a.expiration ?? 0n) < (b.expiration ?? 0n);
}
