import type { EtcdAcquireOptions, EtcdLockOptions } from '../client/index.js';

/** The name of a lock, or a function that makes one. */
export type EtcdLockKey<Args extends readonly unknown[]> =
  string | ((...args: Args) => string | Promise<string>);

interface DecoratedLockOptions extends EtcdLockOptions, Pick<EtcdAcquireOptions, 'wait'> {
  /** Name of the connection, as given to `EtcdModule.forRoot`. @default the default connection */
  readonly connection?: string;
}

/** Options of `@EtcdLock`, checked when the class is defined. */
export interface EtcdRequestLockOptions extends DecoratedLockOptions {
  /** Milliseconds to wait for others at most. @default 0, and a request for what is locked is refused at once */
  readonly wait?: number;
  /** The status of a request that is refused: `409 Conflict` or `423 Locked`. @default 409 */
  readonly status?: 409 | 423;
  /** Seconds after which a refused request may come again: the header `Retry-After`. @default 1 */
  readonly retryAfter?: number;
}

/** Options of `@WithLock`, checked when the class is defined. */
export interface EtcdWithLockOptions extends DecoratedLockOptions {
  /** Milliseconds to wait for others at most, and 0 not to wait. @default as long as it takes */
  readonly wait?: number;
  /** Go on under the lock, where the caller runs under it already, in place of an `EtcdLockReentryError`. @default false */
  readonly reentrant?: boolean;
}
