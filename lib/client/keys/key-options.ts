import type { EtcdCallOptions } from '../options/index.js';
import type { EtcdSchema } from './codecs.js';

/** How a key is read. */
export interface EtcdGetOptions extends EtcdCallOptions {
  /** List the whole tree below a directory instead of one level. @default false */
  readonly recursive?: boolean;
  /** Sort each level by the bytes of the keys; without it the order is by chance. @default false */
  readonly sorted?: boolean;
  /** Ask raft, so that the answer holds every write acknowledged before. @default the client's `quorum` */
  readonly quorum?: boolean;
}

/** How a JSON value is read. */
export interface EtcdJsonOptions<T> extends EtcdCallOptions {
  /** Checks and types the value: any Standard Schema. */
  readonly schema?: EtcdSchema<T>;
  /** @see EtcdGetOptions.quorum */
  readonly quorum?: boolean;
}

/** What every write accepts. */
export interface EtcdWriteOptions extends EtcdCallOptions {
  /** Seconds to live, a whole number from 0 (expires at once) to 1,000,000,000. Without it the key is permanent, whatever it was before. */
  readonly ttl?: number;
  /**
   * Leave the nodes out of the answer, to save bytes; the call then gives an {@link EtcdAcknowledgement}, which has
   * no `node`. @default false
   */
  readonly noValueOnSuccess?: boolean;
}

/** Writes that may be sent again although an earlier try may have been applied. */
export interface EtcdRepeatable {
  /**
   * Send the write again after a try that was not answered. It may then be applied twice, and late: over another
   * client's newer value. @default false, and the call rejects with {@link EtcdIndeterminateError}
   */
  readonly idempotent?: boolean;
}

/** Writes whose value can prove who made them. */
export interface EtcdAuthored {
  /**
   * The value is unlike any other that was or will be written to this key, such as a new uuid. A lost answer is then
   * settled by reading the value back: where it is found, the call ends as if the answer had come; where it is not, it
   * may still come, and the call rejects with {@link EtcdIndeterminateError}. @default false
   */
  readonly uniqueValue?: boolean;
}

/** What a key must be for a compare-and-swap or a compare-and-delete; with both, both must hold. */
export type EtcdCondition =
  | {
      /** The value it must have; etcd cannot compare with `''`. */ readonly prevValue: string;
      /** The `modifiedIndex` it must have as well, above 0. */ readonly prevIndex?: number;
    }
  | {
      /** The `modifiedIndex` it must have, above 0. */ readonly prevIndex: number;
      /** The value it must have as well; etcd cannot compare with `''`. */ readonly prevValue?: string;
    };

/** Options of `set`. Without them the key becomes permanent, and a lost answer is {@link EtcdIndeterminateError}. */
export interface EtcdSetOptions extends EtcdWriteOptions, EtcdRepeatable {}

/** Options of `create`. Without them the key is permanent, and a lost answer is {@link EtcdIndeterminateError}. */
export interface EtcdCreateOptions extends EtcdWriteOptions, EtcdAuthored {}

/** Options of `update` of a key by its name. Without `ttl` the key becomes permanent, whatever it was before. */
export interface EtcdUpdateOptions extends EtcdWriteOptions, EtcdRepeatable {}

/** Options of `append`. They are about the new key; the directory keeps the TTL that it has. */
export interface EtcdAppendOptions extends EtcdWriteOptions, EtcdAuthored {}

/**
 * Options of `compareAndSwap`: the condition stands among them, and a call without one is {@link EtcdOptionsError}.
 * Without `ttl` the key becomes permanent, whatever it was before.
 */
export type EtcdSwapOptions = EtcdWriteOptions & EtcdAuthored & EtcdCondition;

/** Options of `compareAndDelete`: the condition, without which the call is {@link EtcdOptionsError}. */
export type EtcdCompareAndDeleteOptions = EtcdCallOptions & EtcdCondition;

/** Options of `update` from a result or a node, whose `modifiedIndex` is the condition. */
export interface EtcdUpdateFromOptions extends Omit<EtcdWriteOptions, 'ttl'>, EtcdAuthored {
  /**
   * Seconds to live, a whole number from 0 to 1,000,000,000; `null` makes the key permanent. It must be given where
   * the result's node has a TTL, or the call is {@link EtcdOptionsError}.
   */
  readonly ttl?: number | null;
}

/** Options of `modify`. Its `timeout` is for all its rounds together, the calls of `change` included. */
export interface EtcdModifyOptions extends EtcdCallOptions, EtcdAuthored {
  /**
   * Seconds to live, a whole number from 0 to 1,000,000,000; `null` makes the key permanent. It must be given where
   * the key has a TTL, or the call is {@link EtcdOptionsError}.
   */
  readonly ttl?: number | null;
}

/** Options of `mkdir`. `inOrder` and `replaceFile` together are {@link EtcdOptionsError}. */
export interface EtcdMkdirOptions extends EtcdCallOptions {
  /**
   * Seconds to live, a whole number from 0 to 1,000,000,000; when they are over, the whole tree goes. Without it the
   * directory is permanent.
   */
  readonly ttl?: number;
  /** Make a directory with an in-order name below the given one (POST). @default false */
  readonly inOrder?: boolean;
  /**
   * Replace a file of that name by the new directory instead of failing; a directory of that name is
   * {@link EtcdNotFileError}. @default false
   */
  readonly replaceFile?: boolean;
}

/** Options of `updateDirectory`, which changes nothing but the TTL. */
export interface EtcdUpdateDirectoryOptions extends EtcdCallOptions, EtcdRepeatable {
  /** Seconds to live, a whole number from 0 to 1,000,000,000; without it the directory becomes permanent. */
  readonly ttl?: number;
}

/** Options of `delete` and `pop`. Without `recursive` and `dir` a directory is {@link EtcdNotFileError}. */
export interface EtcdDeleteOptions extends EtcdCallOptions, EtcdRepeatable {
  /** Remove a directory with everything in it. @default false */
  readonly recursive?: boolean;
  /** Remove an empty directory. @default false */
  readonly dir?: boolean;
}

/** Options of `refresh`; a condition that does not hold is {@link EtcdCompareFailedError}. */
export interface EtcdRefreshOptions extends EtcdCallOptions, EtcdRepeatable {
  /** Refresh only while the key has this value; etcd cannot compare with `''`. */
  readonly prevValue?: string;
  /** Refresh only while the key has this `modifiedIndex`, above 0, which each refresh moves. */
  readonly prevIndex?: number;
}
