import { isObject, parseObject, requiredText, wrongType } from '../http/json.js';
import type { HttpAnswer } from '../http/request.js';
import { EtcdNode } from './node.js';

/** What etcd did. */
export type EtcdAction =
  | 'get'
  | 'set'
  | 'create'
  | 'update'
  | 'compareAndSwap'
  | 'delete'
  | 'compareAndDelete'
  | 'expire'
  | (string & {});

/** What every answer of the keys API tells. */
export interface EtcdHeader {
  /** What etcd did. */
  readonly action: EtcdAction;
  /** Whether a key came into being that had not existed (HTTP 201). */
  readonly created: boolean;
  /** Store index at the answer (`X-Etcd-Index`): for a write, its own; for a read, the newest. */
  readonly etcdIndex: number;
  /** raft's index and term at the answer. The index counts more than changes of keys. */
  readonly raftIndex: number;
  readonly raftTerm: number;
  /** The cluster that answered. */
  readonly clusterId: string;
}

/** The answer to a read or a write. */
export interface EtcdResult extends EtcdHeader {
  /** The node after the operation; after a delete, its key and indexes only. */
  readonly node: EtcdNode;
  /** The node before a write, where there was one; a removed directory comes without its children. */
  readonly prevNode: EtcdNode | undefined;
}

/** The answer to a write with `noValueOnSuccess`: that it was done, and nothing of the nodes. */
export type EtcdAcknowledgement = EtcdHeader;

/** Reads an answer of the keys API. `prefix` is cut off the keys. @throws {EtcdResponseError} */
export function readResult(answer: HttpAnswer, prefix: string): EtcdResult {
  const body = parseObject(answer.body);
  const { node, prevNode } = body;
  if (!isObject(node)) throw wrongType('node', 'an object');
  if (prevNode !== undefined && !isObject(prevNode)) throw wrongType('prevNode', 'an object');
  return {
    action: requiredText(body, 'action'),
    node: new EtcdNode(node, prefix),
    prevNode: prevNode === undefined ? undefined : new EtcdNode(prevNode, prefix),
    ...readHeaders(answer),
  };
}

/** Reads the answer to a write with `noValueOnSuccess`. @throws {EtcdResponseError} */
export function readAcknowledgement(answer: HttpAnswer): EtcdAcknowledgement {
  return { action: requiredText(parseObject(answer.body), 'action'), ...readHeaders(answer) };
}

function readHeaders({
  status,
  etcdIndex = 0,
  raftIndex = 0,
  raftTerm = 0,
  clusterId = '',
}: HttpAnswer): Omit<EtcdHeader, 'action'> {
  return { created: status === 201, etcdIndex, raftIndex, raftTerm, clusterId };
}
