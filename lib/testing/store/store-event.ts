import type { NodeView } from './store-node.js';

export type Action =
  'get' | 'set' | 'create' | 'update' | 'compareAndSwap' | 'delete' | 'compareAndDelete' | 'expire';

/** What an operation has done: the answer to who asked for it, and what watchers are told. */
export interface StoreEvent {
  readonly action: Action;
  /** The store index after it. */
  readonly index: number;
  readonly node: NodeView;
  readonly prevNode?: NodeView | undefined;
}

/** Whether the event has made a key that was not there, which is answered with 201. */
export function isCreation({ action, prevNode }: StoreEvent): boolean {
  return action === 'create' || (action === 'set' && prevNode === undefined);
}
