import { createHash } from 'node:crypto';

import type { AuthStore } from '../auth/index.js';
import type { EtcdClock } from '../clock.js';
import type { Store } from '../store/index.js';
import { Peer, Raft } from './raft.js';
import { type Command, Replica } from './replica.js';

export interface MemberOptions {
  readonly name: string;
  readonly clientURL: string;
  readonly peerURL: string;
}

export interface ClusterOptions {
  readonly clock: EtcdClock;
  /** How many changes a watch can go back. */
  readonly history: number;
  /** What `/version` tells, e.g. `3.4.23`. */
  readonly version: string;
  /** How long the members wait for a leader that is gone, in ms. */
  readonly electionTimeout: number;
}

/** One member of a cluster: who it is, what it holds, and whom it can ask. */
export class Member {
  readonly id: string;
  readonly startTime: bigint;
  readonly peer: Peer;
  /** The id as etcd reckons with it. */
  readonly idBytes: Buffer;

  constructor(
    readonly options: MemberOptions,
    readonly cluster: MemberCluster,
  ) {
    this.idBytes = sha1(`${options.peerURL}etcd-cluster`);
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
    const { name, peerURL, clientURL } = this.options;
    const fields = { id: this.id, name, peerURLs: [peerURL], clientURLs: [clientURL] };
    return JSON.stringify(fields);
  }
}

/** What the members of a cluster have in common. */
export class MemberCluster {
  readonly size: number;
  /** In the order of their ids. */
  readonly members: readonly Member[];
  readonly raft: Raft;
  /** As answers give it: lower-case hex digits. */
  id: string;

  /** @param seats in the order of which the first one leads */
  constructor(
    readonly options: ClusterOptions,
    seats: readonly MemberOptions[],
  ) {
    this.size = seats.length;
    const members = seats.map((seat) => new Member(seat, this));
    this.raft = new Raft(
      members.map(({ peer }) => peer),
      options,
    );
    this.members = members.sort((a, b) => Buffer.compare(a.idBytes, b.idBytes));
    this.id = hex(sha1(Buffer.concat(this.members.map(({ idBytes }) => idBytes))));
  }
}

function sha1(data: string | Buffer): Buffer {
  return createHash('sha1').update(data).digest().subarray(0, 8);
}

function hex(id: Buffer): string {
  return id.readBigUInt64BE().toString(16);
}
