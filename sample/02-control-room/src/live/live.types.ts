import type { EtcdInstance } from 'nestjs-etcd';

/** A file or a directory, as the page shows it. */
export interface KeyState {
  readonly value?: string;
  readonly isDirectory?: true;
  readonly expires?: true;
  /** The value is longer than the page is told, which therefore cannot edit it. */
  readonly isCut?: true;
  readonly index: number;
}

export interface QueueEntry {
  readonly token: number;
  /** Begins as the uuid of the entry does. */
  readonly id: string;
  /** Whether it is an entry of this process. */
  readonly isHere: boolean;
}

export interface LockState {
  readonly name: string;
  /** The first one has the lock. */
  readonly entries: readonly QueueEntry[];
}

export interface CandidateState {
  readonly value: string;
  readonly term: number;
}

export interface ElectionState {
  /** The first one leads. */
  readonly candidates: readonly CandidateState[];
}

export interface MemberState {
  readonly endpoint: string;
  readonly isHealthy: boolean;
  readonly reason?: string;
  readonly version?: string;
  readonly isLeader: boolean;
}

/** One second. */
export interface Sample {
  /** Changes of keys. */
  readonly events: number;
  /** Milliseconds that a read through raft took; `null` when it failed. */
  readonly latency: number | null;
}

/** What the page shows beside keys. A part is told as a whole when it changes. */
export interface Parts {
  readonly self: { readonly candidate: string; readonly hosts: string };
  readonly election: ElectionState;
  readonly locks: readonly LockState[];
  readonly instances: readonly EtcdInstance[];
  readonly members: readonly MemberState[];
  readonly replicas: { readonly pids: readonly number[]; readonly most: number };
  readonly demo: { readonly isOn: boolean };
}
