import type { EtcdCallOptions } from '../options/index.js';
import { checkInteger, checkMilliseconds, checkNames, checkSignal, show } from '../options/check.js';
import { EtcdOptionsError } from '../errors/index.js';

/** How a lease is kept. */
export interface EtcdLeaseOptions extends EtcdCallOptions {
  /** Seconds to live without a renewal, a whole number from 1 to 1,000,000,000. It is renewed every third of it. @default 10 */
  readonly ttl?: number;
  /**
   * What is done when the lease is lost, for example because etcd could not be reached for too long: `report` ends it, and
   * `reacquire` makes the key again as soon as nobody else has it, until the lease is released. @default 'report'
   */
  readonly whenLost?: 'report' | 'reacquire';
  /** Take the key over from whoever has it, in place of refusing to. @default false */
  readonly replace?: boolean;
}

export const defaultTtl = 10;
const longestTtl = 1_000_000_000;
const names = new Set(['ttl', 'whenLost', 'replace', 'timeout', 'signal']);

/** @throws {EtcdOptionsError} */
export function checkLeaseOptions(options: EtcdLeaseOptions): void {
  checkNames('options of lease', options, names);
  const { ttl, whenLost, replace, timeout, signal } = options;
  checkLeaseTtl(ttl);
  if (timeout !== undefined) checkMilliseconds('timeout', timeout);
  checkSignal(signal);
  if (whenLost !== undefined && whenLost !== 'report' && whenLost !== 'reacquire')
    throw new EtcdOptionsError('whenLost', `expected 'report' or 'reacquire', got ${show(whenLost)}`);
  if (replace !== undefined && typeof replace !== 'boolean')
    throw new EtcdOptionsError('replace', `expected true or false, got ${show(replace)}`);
}

/** @throws {EtcdOptionsError} */
export function checkLeaseTtl(ttl: unknown): void {
  if (ttl !== undefined) checkInteger('ttl', ttl, 1, longestTtl, 'seconds');
}
