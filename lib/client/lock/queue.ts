import { EtcdKeyNotFoundError, EtcdNotDirectoryError } from '../errors/index.js';
import type { EtcdNode } from '../keys/index.js';
import type { LeaseContext } from '../lease/lease-context.js';

/** Who contends for a lock, in the order in which they have come. */
export interface Queue {
  readonly entries: readonly EtcdNode[];
  /** The store index of this state. */
  readonly index: number;
}

/** Asks raft for the queue below a directory: `GET /v2/keys/DIRECTORY?quorum=true`. */
export async function readQueue(
  { keys }: LeaseContext,
  directory: string,
  options: { readonly signal?: AbortSignal; readonly timeout?: number } = {},
): Promise<Queue> {
  try {
    const { node, etcdIndex } = await keys.get(directory, { quorum: true, ...options });
    // Directories are of locks whose names other clients have not encoded.
    const entries = node.children.filter(({ dir }) => !dir);
    return { entries: entries.toSorted((one, other) => (one.key < other.key ? -1 : 1)), index: etcdIndex };
  } catch (error) {
    if (error instanceof EtcdKeyNotFoundError) return { entries: [], index: error.index ?? 0 };
    // A file of that name, which nobody can queue behind.
    if (error instanceof EtcdNotDirectoryError) return { entries: [], index: error.index ?? 0 };
    throw error;
  }
}
