import type { EtcdClock } from '../clock.js';

/** When a node is to expire, in ns since 1970; and whether its watchers are to be left alone. */
export interface Lifetime {
  readonly expiration?: bigint | undefined;
  readonly refresh?: boolean | undefined;
}

/** An empty value and the index 0 compare nothing. */
export interface Comparison {
  readonly prevValue: string;
  readonly prevIndex: bigint;
}

export interface Content {
  readonly value: string;
  readonly dir: boolean;
}

export interface StoreOptions {
  readonly clock: EtcdClock;
  /** How many changes a watch can go back. */
  readonly history: number;
  /** The store index at the start: the members have taken up some. */
  readonly initialIndex: number;
}
