import { type RawRequestOptions, type RawResponse } from './raw-request.js';

/** Whoever can be asked by path: an `EtcdMember`. */
export interface Askable {
  request(path: string, options?: RawRequestOptions): Promise<RawResponse>;
}

/**
 * Whether an etcd serves for good. `/health` makes a quorum read; the cluster's version is agreed a moment after the
 * first leader is, by a write that moves the store's index, and a test must not see the index jump. A leader that is
 * elected before all members answer sets the least version, and raises it to theirs seconds later.
 */
export async function isServing(etcd: Askable): Promise<boolean> {
  const version = await etcd.request('/version', { timeout: 1_000 });
  if (!/"etcdserver":"(\d+\.\d+)\.[^"]*","etcdcluster":"\1\./.test(version.body)) return false;
  const health = await etcd.request('/health', { timeout: 2_000 });
  return health.status === 200;
}
