import type { EtcdElectionOptions } from '../client/index.js';

/** Options of `@LeaderOnly`, checked when the class is defined. */
export interface EtcdLeaderOnlyOptions extends EtcdElectionOptions {
  /** Name of the connection, as given to `EtcdModule.forRoot`. @default the default connection */
  readonly connection?: string;
}

/** Options of `@EtcdLeader`, checked when the class is defined. Methods that share an election must agree on `ttl` and `prefix`. */
export interface EtcdLeaderOptions extends EtcdLeaderOnlyOptions {
  /** What the candidate says of itself, for `etcd.election(name).leader()`. @default the host's name and the process id */
  readonly value?: string;
}

/** What a method with `@EtcdLeader` is called with. */
export interface EtcdLeaderContext {
  /** The election's name. */
  readonly name: string;
  /** Grows with each leader. */
  readonly term: number;
  /** The {@link term}, by which what is written can refuse whoever was leader before. */
  readonly fencingToken: number;
  /**
   * Aborted when this process leads no longer, before anybody else can: with an {@link EtcdLeaseLostError} when the leadership was
   * lost, and when it resigns, in the shutdown too. The method should end then.
   */
  readonly signal: AbortSignal;
  /** Ends the leadership once the methods have ended, and takes part in the election again. */
  resign(): void;
  /** Says something else of itself. @throws {EtcdLeaseLostError} when this process does not lead any more */
  proclaim(value: string): Promise<void>;
}
