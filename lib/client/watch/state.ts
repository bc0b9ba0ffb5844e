import type { Call } from '../cluster/call.js';
import type { Cluster } from '../cluster/cluster.js';
import { EtcdKeyNotFoundError, EtcdNotDirectoryError, EtcdResponseError } from '../errors/index.js';
import type { EtcdNode } from '../keys/index.js';
import { getRequest } from '../keys/key-requests.js';
import { readResult } from '../keys/result.js';
import type { Scope } from './scope.js';

/** What is there of a scope at one index. */
export interface State {
  readonly index: number;
  /** raft's term; 0 where etcd does not tell it, with an error. */
  readonly raftTerm: number;
  readonly node: EtcdNode | undefined;
}

/** Reads a scope through raft, so that nothing that was committed before is missing. */
export async function readState(
  cluster: Cluster,
  { key, recursive }: Scope,
  prefix: string,
  call: Call,
): Promise<State> {
  try {
    return await cluster.request(
      getRequest(key, { recursive: recursive || undefined, sorted: true }, true),
      call,
      (answer) => {
        const { node, etcdIndex, raftTerm } = readResult(answer, prefix);
        if (etcdIndex === 0) throw new EtcdResponseError('The answer has no index.');
        return { node, index: etcdIndex, raftTerm };
      },
    );
  } catch (error) {
    const isAbsent = error instanceof EtcdKeyNotFoundError || error instanceof EtcdNotDirectoryError;
    if (isAbsent && error.index !== undefined) return { node: undefined, index: error.index, raftTerm: 0 };
    throw error;
  }
}
