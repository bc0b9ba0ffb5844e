import type { EtcdChangeEvent, EtcdResyncEvent } from '../client/index.js';

/** A change with its value decoded. */
export interface EtcdDecodedChangeEvent<T> extends EtcdChangeEvent {
  /** The value of the changed node; `undefined` where it has none: after a delete or an expiry, and for a directory. */
  readonly value: T | undefined;
}

/** The present state with its values decoded. */
export interface EtcdDecodedResyncEvent<T> extends EtcdResyncEvent {
  /**
   * The values of all files of the state, by their keys. Those that cannot be decoded are left out; each of them is
   * logged and told on `events$`.
   */
  readonly values: ReadonlyMap<string, T>;
  /** The value of the watched key itself; `undefined` where that is no file, is not there, or cannot be decoded. */
  readonly value: T | undefined;
}

/** What a handler with a `codec` or a `schema` is called with. */
export type EtcdDecodedEvent<T> = EtcdDecodedChangeEvent<T> | EtcdDecodedResyncEvent<T>;
