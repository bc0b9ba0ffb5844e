import { EtcdError, type EtcdErrorDetails } from './etcd-error.js';

/**
 * Why a lease was lost.
 *
 * - `expired`: it could not be renewed in time, and somebody else may have it soon.
 * - `removed`: its key, or a directory above it, was deleted.
 * - `taken`: its key has another owner now.
 * - `closed`: the client was closed.
 * - `released`: it was given back by its holder. Only what is asked of it afterwards fails with that.
 */
export type EtcdLeaseLossReason = 'expired' | 'removed' | 'taken' | 'closed' | 'released';

const reasons: Record<EtcdLeaseLossReason, string> = {
  expired: 'it could not be renewed in time',
  removed: 'its key was deleted',
  taken: 'its key has another owner',
  closed: 'the client was closed',
  released: 'it was given back',
};

/** A lease, a lock or a leadership is held no longer. It is also the reason of the `signal` of what was lost. */
export class EtcdLeaseLostError extends EtcdError {
  override readonly name = 'EtcdLeaseLostError';
  override readonly code = 'ETCD_LEASE_LOST';
  /** The key that was held. */
  readonly key: string;
  readonly loss: EtcdLeaseLossReason;

  constructor(key: string, loss: EtcdLeaseLossReason, details: EtcdErrorDetails = {}) {
    super(`The lease of ${key} is lost: ${reasons[loss]}.`, details);
    this.key = key;
    this.loss = loss;
  }
}

/** A lock was not acquired in the time that was given. Nothing of the attempt is left in its queue. */
export class EtcdLockNotAcquiredError extends EtcdError {
  override readonly name = 'EtcdLockNotAcquiredError';
  override readonly code = 'ETCD_LOCK_NOT_ACQUIRED';
  /** The lock's name. */
  readonly lock: string;

  constructor(lock: string, problem: string, details: EtcdErrorDetails = {}) {
    super(`The lock '${lock}' was not acquired: ${problem}.`, details);
    this.lock = lock;
  }
}

/** Code that runs under a lock asks for the same lock again, and would wait for itself. */
export class EtcdLockReentryError extends EtcdError {
  override readonly name = 'EtcdLockReentryError';
  override readonly code = 'ETCD_LOCK_REENTRY';
  /** The lock's name. */
  readonly lock: string;

  constructor(lock: string) {
    super(
      `The lock '${lock}' is held by the code that asks for it, which would wait for itself. ` +
        'Give `run`, or `@WithLock`, the option `reentrant: true` to go on under the lock that is held.',
    );
    this.lock = lock;
  }
}
