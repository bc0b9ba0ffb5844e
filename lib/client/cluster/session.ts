import { EtcdClusterIdChangedError } from '../errors/index.js';
import type { HttpAnswer } from '../http/request.js';

/** Where the cluster was, as far as this client had seen, when a request was sent. */
export interface SessionMark {
  readonly index: number;
  readonly term: number;
}

/**
 * What this client has seen of its cluster: the id, the newest store index and the newest raft term. It decides
 * whether an answer can be believed, so that no read shows an older state than an earlier one did.
 */
export class Session {
  #clusterId: string | undefined;
  readonly #pinned: boolean;
  #mark: SessionMark = { index: 0, term: 0 };
  #provenTerm = 0;

  constructor(clusterId: string | undefined) {
    this.#clusterId = clusterId;
    this.#pinned = clusterId !== undefined;
  }

  /** The id that was given or learned. */
  get clusterId(): string | undefined {
    return this.#clusterId;
  }

  /** The newest term that raft itself has told. A member that is cut off counts further, and campaigns in vain. */
  get provenTerm(): number {
    return this.#provenTerm;
  }

  /** The state to compare an answer with; to be taken before its request is sent. */
  mark(): SessionMark {
    return this.#mark;
  }

  /**
   * Learns the cluster's id from the first answer that has one. Routers, proxies and some of etcd's own answers have
   * none; where the id was given and the answer `must` have one, that is another cluster too.
   * @throws {EtcdClusterIdChangedError} every time
   */
  checkCluster(answer: HttpAnswer, endpoint: string, must: boolean): void {
    const actual = answer.clusterId;
    if (actual === this.#clusterId || (actual === undefined && !(must && this.#pinned))) return;
    if (this.#clusterId === undefined) this.#clusterId = actual;
    else throw new EtcdClusterIdChangedError(this.#clusterId, actual, { endpoint });
  }

  /** Whether an answer shows an older state than had been seen when its request was sent. */
  isStale(answer: HttpAnswer, sent: SessionMark): boolean {
    return (
      (answer.etcdIndex !== undefined && answer.etcdIndex < sent.index) ||
      (answer.raftTerm !== undefined && answer.raftTerm < sent.term)
    );
  }

  /** Takes in how far the cluster has come. @param isProven whether raft has answered, and not one member alone */
  advance(
    { etcdIndex = 0, raftTerm = 0 }: Pick<HttpAnswer, 'etcdIndex' | 'raftTerm'>,
    isProven = false,
  ): void {
    const { index, term } = this.#mark;
    if (isProven) this.#provenTerm = Math.max(this.#provenTerm, raftTerm);
    if (etcdIndex > index || raftTerm > term)
      this.#mark = { index: Math.max(index, etcdIndex), term: Math.max(term, raftTerm) };
  }

  /**
   * Begins anew at an answer that came out of raft and is stale all the same: the store was restored from a backup
   * or rebuilt, and what was seen before is gone.
   */
  restart({ etcdIndex = 0, raftTerm = 0 }: HttpAnswer): void {
    this.#mark = { index: etcdIndex, term: raftTerm };
    this.#provenTerm = raftTerm;
  }
}
