import { EtcdOptionsError } from '../errors/index.js';
import type { EtcdKey } from '../http/key-path.js';
import { checkNames, checkSignal, show } from '../options/check.js';
import { checkLeaseTtl } from '../lease/lease-options.js';

/** A lock, as all who contend for it must agree on it. */
export interface EtcdLockOptions {
  /**
   * Seconds after which the lock is free when its holder has died, a whole number from 1. It is renewed every third of it.
   * @default 10
   */
  readonly ttl?: number;
  /** The directory of all locks, with or without slashes at its ends. python-etcd's default is the same. @default '/_locks' */
  readonly prefix?: EtcdKey;
}

/** How a lock is waited for. */
export interface EtcdAcquireOptions {
  /**
   * Milliseconds to wait for others at most, and 0 not to wait. It is a deadline, whatever happens meanwhile.
   * @default as long as it takes
   */
  readonly wait?: number;
  /** Ends the attempt with {@link EtcdAbortedError}. */
  readonly signal?: AbortSignal;
}

/** How code is run under a lock. */
export interface EtcdRunOptions extends EtcdAcquireOptions {
  /** Go on under the lock, where the calling code runs under it already, in place of an {@link EtcdLockReentryError}. @default false */
  readonly reentrant?: boolean;
}

const lockNames = new Set(['ttl', 'prefix']);
const tryNames = new Set(['signal']);
const acquireNames = new Set(['wait', 'signal']);
const runNames = new Set([...acquireNames, 'reentrant']);
const longestWait = 2_147_483_647;

/** @throws {EtcdOptionsError} */
export function checkLockOptions(options: EtcdLockOptions, what = 'lock'): void {
  checkNames(`options of ${what}`, options, lockNames);
  checkLeaseTtl(options.ttl);
}

/** @throws {EtcdOptionsError} */
export function checkAcquireOptions(options: EtcdAcquireOptions, what = 'acquire'): void {
  checkNames(`options of ${what}`, options, acquireNames);
  checkWait(options.wait);
  checkSignal(options.signal);
}

/** @throws {EtcdOptionsError} */
export function checkTryOptions(options: Pick<EtcdAcquireOptions, 'signal'>): void {
  checkNames('options of tryAcquire', options, tryNames);
  checkSignal(options.signal);
}

/** @throws {EtcdOptionsError} */
export function checkRunOptions(options: EtcdRunOptions): void {
  checkNames('options of run', options, runNames);
  checkWait(options.wait);
  checkSignal(options.signal);
  if (options.reentrant !== undefined && typeof options.reentrant !== 'boolean')
    throw new EtcdOptionsError('reentrant', `expected true or false, got ${show(options.reentrant)}`);
}

function checkWait(wait: unknown): void {
  if (wait === undefined) return;
  if (typeof wait !== 'number' || !(wait >= 0) || wait > longestWait)
    throw new EtcdOptionsError(
      'wait',
      `expected milliseconds from 0 to ${longestWait}, got ${show(wait)}; leave it out to wait as long as it takes`,
    );
}
