import type { AuthStore } from '../auth/index.js';
import { RequestMetrics } from '../metrics/request-metrics.js';
import type { Store } from '../store/index.js';
import { hex, sha1 } from './ids.js';
import type { MemberCluster } from './member-cluster.js';
import { Peer } from './raft.js';
import { type Command, Replica } from './replica.js';

/** One member of a cluster: who it is, what it holds, and whom it can ask. */
export class Member {
  readonly id: string;
  readonly startTime: bigint;
  readonly peer: Peer;
  readonly metrics = new RequestMetrics();
  /** The id as etcd reckons with it. */
  readonly idBytes: Buffer;
  /** Sorted. */
  peerURLs: readonly string[];
  /** What to do when it is no longer a member. */
  onRemoved: () => void = () => undefined;

  constructor(
    readonly name: string,
    readonly clientURLs: readonly string[],
    peerURLs: readonly string[],
    readonly cluster: MemberCluster,
    /** The time it was added, if it was not there from the beginning. */
    addedAt = '',
  ) {
    this.peerURLs = [...peerURLs].sort();
    this.idBytes = sha1(`${this.peerURLs.join('')}etcd-cluster${addedAt}`);
    this.id = hex(this.idBytes);
    this.startTime = cluster.options.clock.now();
    const { clock, history } = cluster.options;
    this.peer = new Peer(new Replica({ clock, history, initialIndex: 2 * cluster.size + 1 }));
  }

  get store(): Store {
    return this.peer.replica.store;
  }

  get auth(): AuthStore {
    return this.peer.replica.auth;
  }

  get raftIndex(): number {
    return this.peer.replica.raftIndex;
  }

  /** Whom it takes for the leader. */
  get leader(): Member | undefined {
    return this.cluster.members.find(({ peer }) => peer === this.peer.leader);
  }

  /** Whether it was ever there; one that was only announced has no name yet. */
  get hasStarted(): boolean {
    return this.name !== '';
  }

  /** See {@link Raft.propose}. */
  propose<T>(command: Command<T>): T | Promise<T> {
    return this.cluster.raft.propose(this.peer, command);
  }

  /** etcd looks up whether auth is on at each request for a key, and counts that as a read. */
  readAuthFlag(): void {
    this.store.stats[this.auth.configured ? 'getsSuccess' : 'getsFail']++;
  }

  /** As `/v2/members` shows it. */
  describe(): string {
    const { id, name, peerURLs, clientURLs } = this;
    return JSON.stringify({ id, name, peerURLs, clientURLs });
  }
}
