import type { EmbeddedSnapshot } from './cluster/index.js';
import type { EmbeddedEtcd } from './embedded-etcd.js';

/**
 * Several embedded servers that are one cluster: each write and each read with `quorum=true` takes a majority of them,
 * and each can be stopped, paused, cut off, or made the leader. What the members agree upon takes no time.
 *
 * @example
 * await using cluster = await EmbeddedEtcd.cluster(3);
 * await using etcd = new EtcdClient({ hosts: cluster.urls });
 * await cluster.leader?.stop();
 * await etcd.set('/still', 'here');
 */
export class EmbeddedCluster implements AsyncDisposable {
  /** @internal Made by `EmbeddedEtcd.cluster`. */
  constructor(
    /** The members, in the order in which they were started. */
    readonly members: readonly EmbeddedEtcd[],
  ) {}

  /** The addresses of all members. */
  get urls(): string[] {
    return this.members.map(({ url }) => url);
  }

  /** Who leads at the moment; `undefined` while nobody does. */
  get leader(): EmbeddedEtcd | undefined {
    return this.members.find(({ isLeader }) => isLeader);
  }

  /** The members that run, reach a majority, and do not lead. */
  get followers(): EmbeddedEtcd[] {
    return this.members.filter(({ isLeader, isConnected }) => isConnected && !isLeader);
  }

  /** Lets all members forget what is stored, planned to fail, or logged, and ends all watches. */
  resetStore(): void {
    this.members[0]?.resetStore();
  }

  /** What the leader holds, or else the first member. */
  snapshot(): EmbeddedSnapshot {
    return ((this.leader ?? this.members[0]) as EmbeddedEtcd).snapshot();
  }

  /** Gives all members another state, and ends all watches. @throws {TypeError} */
  restore(snapshot: EmbeddedSnapshot): void {
    this.members[0]?.restore(snapshot);
  }

  /** Ends all members with all their connections. It never rejects, and may be called again. */
  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
