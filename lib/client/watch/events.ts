import type { EtcdNode } from '../keys/index.js';
import type { EtcdRelation } from './scope.js';

/** What etcd did to a key. */
export type EtcdWatchAction =
  'set' | 'create' | 'update' | 'compareAndSwap' | 'delete' | 'compareAndDelete' | 'expire';

/** One change of a watched key, of a key below it, or the removal of a directory above it. */
export interface EtcdChangeEvent {
  readonly action: EtcdWatchAction;
  /** The key that was changed: that of {@link node}. */
  readonly key: string;
  /** The node after the change; after a delete or an expiry its key and indexes only. */
  readonly node: EtcdNode;
  /** The node before, where there was one; a removed directory comes without its children. */
  readonly prevNode: EtcdNode | undefined;
  /** The store index of the change. It grows from event to event. */
  readonly index: number;
  /** Whether the node is gone, with everything below it: the action is `delete`, `compareAndDelete` or `expire`. */
  readonly removal: boolean;
  /**
   * Where the changed node lies, seen from the watched key: it itself, a `descendant`, or an `ancestor`, which is a
   * directory that was removed with all that is watched.
   */
  readonly relation: EtcdRelation;
  /** Whether nothing of what is watched is left: the watched key itself, or a directory above it, was removed. */
  readonly gone: boolean;
}

/**
 * Why a watcher gives the present state in place of single changes.
 *
 * - `initial`: the watcher was asked to begin with it.
 * - `cleared`: changes had left etcd's history of 1,000 before they could be fetched.
 * - `overflow`: more changes were waiting for the consumer than the watcher keeps.
 * - `reset`: the store was restored or rebuilt, and its index has gone back.
 * - `skipped`: a member that was caught up by a snapshot of raft's may have left out changes before the last ones that
 *   were told.
 */
export type EtcdResyncReason = 'initial' | 'cleared' | 'overflow' | 'reset' | 'skipped';

/**
 * The present state of what is watched, in place of changes that cannot be told one by one. The next events are those
 * after {@link index}.
 */
export interface EtcdResyncEvent {
  readonly action: 'resync';
  readonly reason: EtcdResyncReason;
  /** The watched key. */
  readonly key: string;
  /**
   * The watched node as a quorum read shows it, for a recursive watch with everything below, each level sorted;
   * `undefined` when it does not exist.
   */
  readonly node: EtcdNode | undefined;
  /** The store index of that state. */
  readonly index: number;
  /** Nodes of the state that this watcher had not told of. */
  readonly added: readonly EtcdNode[];
  /** Nodes that it had told of and that have changed since; a refresh of their TTL, which has no event, is a change too. */
  readonly changed: readonly EtcdNode[];
  /** Keys that it had told of and that are gone; with a directory, each key below it. */
  readonly removed: readonly string[];
}

/** What a watcher gives: a change, or in place of changes the present state. */
export type EtcdEvent = EtcdChangeEvent | EtcdResyncEvent;

/** What `on` of a watcher can listen to. */
export interface EtcdWatcherEvents extends Record<EtcdWatchAction, [event: EtcdChangeEvent]> {
  /** Every event. */
  readonly event: [event: EtcdEvent];
  /** Every change. */
  readonly change: [event: EtcdChangeEvent];
  readonly resync: [event: EtcdResyncEvent];
  /** What has ended the watcher, or what a listener of another kind has thrown. */
  readonly error: [error: unknown];
  /** Nothing comes any more. */
  readonly close: [];
}
