import { createHash } from 'node:crypto';

import { AuthStore } from './auth/index.js';
import type { EtcdClock } from './clock.js';
import { Store } from './store/index.js';

/** What raft had decided before the first request: the member, its attributes, the cluster's version. */
const initialRaftIndex = 4;

export interface MemberOptions {
  readonly clock: EtcdClock;
  readonly history: number;
  readonly name: string;
  /** What `/version` tells, e.g. `3.4.23`. */
  readonly version: string;
  readonly clientURL: string;
  readonly peerURL: string;
}

/** The one member of a cluster of one: who it is, and what it holds. */
export class Member {
  readonly id: string;
  readonly clusterId: string;
  readonly startTime: bigint;
  readonly raftTerm = 2;
  store: Store;
  auth: AuthStore;
  #raftIndex = initialRaftIndex;

  constructor(readonly options: MemberOptions) {
    const id = sha1(`${options.peerURL}etcd-cluster`);
    this.id = hex(id);
    this.clusterId = hex(sha1(id));
    this.startTime = options.clock.now();
    this.store = new Store(options);
    this.auth = this.#newAuth();
  }

  get raftIndex(): number {
    return this.#raftIndex;
  }

  /** Counts what would go through raft: a write, a quorum read, a sweep. */
  propose(): void {
    this.#raftIndex++;
  }

  /** etcd looks up whether auth is on at each request for a key, and counts that as a read. */
  readAuthFlag(): void {
    this.store.stats[this.auth.configured ? 'getsSuccess' : 'getsFail']++;
  }

  /** Removes what has expired. A member without TTLs has nothing to propose. */
  sweep(): void {
    if (!this.store.hasTtls) return;
    this.propose();
    this.store.sweep();
  }

  /** Begins anew, as if the data directory had been wiped. It is the same cluster still. */
  reset(): void {
    this.store = new Store(this.options);
    this.auth = this.#newAuth();
    this.#raftIndex = initialRaftIndex;
  }

  /** As `/v2/members` shows it. */
  describe(): string {
    const { name, peerURL, clientURL } = this.options;
    const fields = { id: this.id, name, peerURLs: [peerURL], clientURLs: [clientURL] };
    return JSON.stringify(fields);
  }

  /** Users and roles are kept in the store, out of sight: each change of them takes up an index. */
  #newAuth(): AuthStore {
    return new AuthStore(() => {
      this.propose();
      this.store.skipIndex();
    });
  }
}

function sha1(data: string | Buffer): Buffer {
  return createHash('sha1').update(data).digest().subarray(0, 8);
}

function hex(id: Buffer): string {
  return id.readBigUInt64BE().toString(16);
}
