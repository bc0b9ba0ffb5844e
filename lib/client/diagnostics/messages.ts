import type { EtcdError, EtcdLeaseLossReason } from '../errors/index.js';
import type { EtcdResyncReason, EtcdWatchAction } from '../watch/events.js';

/** Which client a message is of. All messages of a client hold the same object. */
export interface EtcdClientIdentity {
  /** Unique among all clients: a uuid. */
  readonly id: string;
  /** As given to the client; the connection's name for an `EtcdService`. It need not be unique. */
  readonly name: string | undefined;
}

/** What every message holds. */
export interface EtcdMessage {
  readonly client: EtcdClientIdentity;
}

/** A call of the API, over however many requests. The messages of its end are the same object, with more in it. */
export interface EtcdOperationStarted extends EtcdMessage {
  /** Such as `get`, `modify`, `lock.acquire`; for the APIs of members, statistics and auth `members`, `stats.self`, `auth.users`. */
  readonly operation: string;
  /** The key in the store, prefixes included; the name of a lock or an election; `undefined` for the other APIs. */
  readonly key: string | undefined;
}

export interface EtcdOperationEnded extends EtcdOperationStarted {
  /** In milliseconds. */
  readonly duration: number;
  /** The store index that etcd has answered with, where it tells one. */
  readonly etcdIndex: number | undefined;
}

export interface EtcdOperationFailed extends EtcdOperationStarted {
  /** In milliseconds. */
  readonly duration: number;
  /** The error's stable code, such as `ETCD_KEY_NOT_FOUND`; `OTHER` for what is no error of this package. */
  readonly code: string;
  /** The error; `undefined` for what is none of this package, such as what the function that is given to `modify` throws. */
  readonly error: EtcdError | undefined;
  /** Whether a write was sent and its outcome is not known. */
  readonly indeterminate: boolean;
}

/** One request to one member. The messages of its end are the same object, with more in it. */
export interface EtcdRequestStarted extends EtcdMessage {
  /** What it is for: {@link EtcdOperationStarted.operation}, or `watch`, `watch.state`, `prove`, `health`. */
  readonly operation: string;
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** The path as it is sent, percent-encoded, without the query, which may hold a value. */
  readonly path: string;
  /** The member's address. */
  readonly endpoint: string;
  /** 1 for the first try of a call, and one more for each further member that is asked. */
  readonly attempt: number;
}

/** A whole answer has come; for a watch, its headers. */
export interface EtcdRequestEnded extends EtcdRequestStarted {
  /** In milliseconds. */
  readonly duration: number;
  /** The HTTP status. A refusal of etcd's, such as 404, is an answer too. */
  readonly status: number;
  readonly etcdIndex: number | undefined;
}

/** There was no whole answer. */
export interface EtcdRequestFailed extends EtcdRequestStarted {
  /** In milliseconds. */
  readonly duration: number;
  /** The status of an answer that was cut short. */
  readonly status: number | undefined;
  /** In a few words, such as `ECONNREFUSED` or `no answer within 800 ms`. */
  readonly outcome: string;
  /** Whether it is a write that may have been applied. */
  readonly indeterminate: boolean;
}

/** A member is lost, or is back. */
export interface EtcdMemberChanged extends EtcdMessage {
  readonly endpoint: string;
}

export interface EtcdMemberLost extends EtcdMemberChanged {
  /** In a few words. */
  readonly reason: string;
}

/** Another member is asked first from now on, because this one has failed, or is behind. */
export interface EtcdFailedOver extends EtcdMessage {
  /** The member that was left. */
  readonly from: string;
  readonly to: string;
}

/** What every message of a watch holds. */
export interface EtcdWatchMessage extends EtcdMessage {
  /** The watched key in the store, prefixes included. */
  readonly key: string;
}

/** A stream was opened, which several watchers may share; again after each loss, and when a silent one is replaced. */
export interface EtcdWatchArmed extends EtcdWatchMessage {
  readonly recursive: boolean;
  readonly endpoint: string;
  /** The store index at which it was opened. */
  readonly index: number;
}

/** A change was given to a consumer. */
export interface EtcdWatchTold extends EtcdWatchMessage {
  readonly action: EtcdWatchAction;
  /** The key that was changed, in the store. */
  readonly changedKey: string;
  /** The store index of the change. */
  readonly index: number;
}

/** The present state was given to a consumer. */
export interface EtcdWatchResynced extends EtcdWatchMessage {
  readonly reason: EtcdResyncReason;
  readonly index: number;
}

/** A watcher has ended by an error. */
export interface EtcdWatchFailed extends EtcdWatchMessage {
  readonly code: string;
}

/** What every message of a lease holds. The key is that of a lease, or the entry of a lock or an election, which are leases too. */
export interface EtcdLeaseMessage extends EtcdMessage {
  readonly key: string;
  /** In seconds. */
  readonly ttl: number;
}

export interface EtcdLeaseRenewed extends EtcdLeaseMessage {
  /** Milliseconds until it is lost, if it is not renewed again. */
  readonly remaining: number;
}

export interface EtcdLeaseLost extends EtcdLeaseMessage {
  readonly loss: EtcdLeaseLossReason;
}

/** What every message of a lock holds. */
export interface EtcdLockMessage extends EtcdMessage {
  /** The lock's name. */
  readonly name: string;
  /** The directory of its queue in the store. */
  readonly key: string;
}

/** Somebody asks for a lock. What follows is `held` or `failed`, once. */
export type EtcdLockAsked = EtcdLockMessage;

export interface EtcdLockHeld extends EtcdLockMessage {
  readonly fencingToken: number;
  /** How long it was waited for, in milliseconds. */
  readonly waited: number;
}

/** A lock was not acquired. */
export interface EtcdLockFailed extends EtcdLockMessage {
  /** How long it was waited for, in milliseconds. */
  readonly waited: number;
  /** Such as `ETCD_LOCK_NOT_ACQUIRED`, also where `tryAcquire` gives `undefined`. */
  readonly code: string;
}

/** A lock that was held is so no longer. */
export interface EtcdLockReleased extends EtcdLockMessage {
  readonly fencingToken: number;
  /** How long it was held, in milliseconds. */
  readonly held: number;
  /** Why it was lost before it was given back; `undefined` for one that was not. */
  readonly loss: EtcdLeaseLossReason | undefined;
}

/** What every message of an election holds. */
export interface EtcdElectionMessage extends EtcdMessage {
  /** The election's name. */
  readonly name: string;
  /** The directory of its candidates in the store. */
  readonly key: string;
}

/** This process stands for election. */
export type EtcdElectionCampaigned = EtcdElectionMessage;

/** This process leads. */
export interface EtcdElectionWon extends EtcdElectionMessage {
  readonly term: number;
}

/** This process leads no longer. */
export interface EtcdElectionEnded extends EtcdElectionMessage {
  readonly term: number;
  /** Why it was lost; `undefined` when it was given up. */
  readonly loss: EtcdLeaseLossReason | undefined;
}

/** An observer has seen another leader, or that there is none; what a leader says of itself is a value and not told. */
export interface EtcdElectionObserved extends EtcdElectionMessage {
  readonly term: number | undefined;
}
