import type { ExecutionContext } from '@nestjs/common';
import { EtcdOptionsError } from '../client/index.js';
import { checkInteger, checkNames, checkText, show } from '../client/options/check.js';
import { checkAcquireOptions, checkLockOptions } from '../client/lock/lock-options.js';
import { keyOf } from '../client/lock/lock-name.js';
import type { EtcdLockKey, EtcdRequestLockOptions, EtcdWithLockOptions } from '../interfaces/index.js';

/** An `@EtcdLock`, as its arguments were checked. */
export interface LockDefinition extends EtcdRequestLockOptions {
  readonly key: EtcdLockKey<[context: ExecutionContext]>;
}

/** Where `@EtcdLock` notes its definition. Registered, so that two loaded builds read each other's. */
export const lockMetadata = 'nestjs-etcd.lock';

const shared = ['ttl', 'wait', 'prefix', 'connection'];
const requestNames = new Set([...shared, 'status', 'retryAfter']);
const methodNames = new Set([...shared, 'reentrant']);

/** @throws {EtcdOptionsError} */
export function checkRequestLock(key: unknown, options: EtcdRequestLockOptions): LockDefinition {
  checkNames('options of @EtcdLock', options, requestNames);
  checkShared(key, options);
  const { status, retryAfter } = options;
  if (status !== undefined && status !== 409 && status !== 423)
    throw new EtcdOptionsError('status', `expected 409 or 423, got ${show(status)}`);
  if (retryAfter !== undefined) checkInteger('retryAfter', retryAfter, 0, 86_400, 'seconds');
  return { ...options, key: key as LockDefinition['key'] };
}

/** @throws {EtcdOptionsError} */
export function checkMethodLock(key: unknown, options: EtcdWithLockOptions): void {
  checkNames('options of @WithLock', options, methodNames);
  checkShared(key, options);
  if (options.reentrant !== undefined && typeof options.reentrant !== 'boolean')
    throw new EtcdOptionsError('reentrant', `expected true or false, got ${show(options.reentrant)}`);
}

function checkShared(key: unknown, options: EtcdWithLockOptions | EtcdRequestLockOptions): void {
  const { ttl, wait, prefix = '/', connection } = options;
  if (typeof key !== 'function') keyOf(prefix, key as string, 'key');
  else keyOf(prefix, 'any');
  checkLockOptions({ ttl });
  checkAcquireOptions({ wait });
  if (connection !== undefined) checkText('connection', connection);
}
