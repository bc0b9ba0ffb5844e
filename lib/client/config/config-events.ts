import type { EtcdDecodeError } from '../errors/index.js';

/** One state of a configuration that has taken the place of another one. */
export interface EtcdConfigChange<T> {
  readonly value: T;
  /** What it was before. */
  readonly previous: T;
  /** The files that differ: their keys below the prefix, e.g. `/db/host`, sorted. */
  readonly keys: readonly string[];
  /** The store index up to which it has followed. */
  readonly index: number;
}

/** A state, or one selected value of it, that was kept out. */
export interface EtcdConfigRefusal {
  /** Says which key, and where its schema refuses it, and never the value. */
  readonly error: EtcdDecodeError;
  /** The store index of the refused state. */
  readonly index: number;
}

/** What {@link EtcdConfig.on} can listen to. */
export interface EtcdConfigEvents<T> {
  /** Each new state, when everything that reads the configuration sees it. The first state is none. */
  readonly change: [change: EtcdConfigChange<T>];
  /** Each state that is kept out. */
  readonly refused: [refusal: EtcdConfigRefusal];
  /** It hears nothing any more, for example because etcd refuses its credentials. It goes on trying unless it was closed or aborted. */
  readonly error: [error: unknown];
}
