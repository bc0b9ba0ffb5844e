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
  /** Leave the nodes out of the answer, to save bytes. @default false */
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
   * settled by reading the value back, and the call ends as if the answer had come. @default false
   */
  readonly uniqueValue?: boolean;
}

/** What a key must be for a compare-and-swap or a compare-and-delete; with both, both must hold. */
export type EtcdCondition =
  | {
      /** The value it must have; etcd cannot compare with `''`. */ readonly prevValue: string;
      readonly prevIndex?: number;
    }
  | {
      /** The `modifiedIndex` it must have, above 0. */ readonly prevIndex: number;
      readonly prevValue?: string;
    };

export interface EtcdSetOptions extends EtcdWriteOptions, EtcdRepeatable {}

export interface EtcdCreateOptions extends EtcdWriteOptions, EtcdAuthored {}

export interface EtcdUpdateOptions extends EtcdWriteOptions, EtcdRepeatable {}

export interface EtcdAppendOptions extends EtcdWriteOptions, EtcdAuthored {}

/** Options of a compare-and-swap: the condition stands among them. */
export type EtcdSwapOptions = EtcdWriteOptions & EtcdAuthored & EtcdCondition;

export type EtcdCompareAndDeleteOptions = EtcdCallOptions & EtcdCondition;

/** Options of an update from a result. */
export interface EtcdUpdateFromOptions extends Omit<EtcdWriteOptions, 'ttl'>, EtcdAuthored {
  /** As everywhere; `null` makes the key permanent. It must be given where the result's node has a TTL. */
  readonly ttl?: number | null;
}

export interface EtcdModifyOptions extends EtcdCallOptions, EtcdAuthored {
  /** As everywhere; `null` makes the key permanent. It must be given where the key has a TTL. */
  readonly ttl?: number | null;
}

export interface EtcdMkdirOptions extends EtcdCallOptions {
  /** Seconds to live; when they are over, the whole tree goes. */
  readonly ttl?: number;
  /** Make a directory with an in-order name below the given one (POST). @default false */
  readonly inOrder?: boolean;
  /** Replace a file of that name by the new directory instead of failing. @default false */
  readonly replaceFile?: boolean;
}

export interface EtcdUpdateDirectoryOptions extends EtcdCallOptions, EtcdRepeatable {
  /** Seconds to live; without it the directory becomes permanent. */
  readonly ttl?: number;
}

export interface EtcdDeleteOptions extends EtcdCallOptions, EtcdRepeatable {
  /** Remove a directory with everything in it. @default false */
  readonly recursive?: boolean;
  /** Remove an empty directory. @default false */
  readonly dir?: boolean;
}

export interface EtcdRefreshOptions extends EtcdCallOptions, EtcdRepeatable {
  /** Refresh only while the key has this value. */
  readonly prevValue?: string;
  /** Refresh only while the key has this `modifiedIndex`, which each refresh moves. */
  readonly prevIndex?: number;
}
