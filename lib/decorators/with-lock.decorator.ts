import type { EtcdNamespace } from '../client/index.js';
import { getEtcdToken } from '../etcd.constants.js';
import { checkText } from '../client/options/check.js';
import { blaming, inMethod, nameOf } from '../explorer/decorated-method.js';
import { injectHidden, wrapMethod } from '../explorer/wrap-method.js';
import type { EtcdLockKey, EtcdWithLockOptions } from '../interfaces/index.js';
import { runUnder } from '../lock/current-lock.js';
import { checkMethodLock } from '../lock/lock-definition.js';

/** Decorates a method that returns a promise and begins with the parameters that the key is made of. */
export type WithLockDecorator<Args extends readonly unknown[]> = <Rest extends readonly unknown[], Result>(
  prototype: object,
  name: string,
  descriptor: TypedPropertyDescriptor<(...args: [...Args, ...Rest]) => Promise<Result>>,
) => void;

/**
 * Calls a method of any provider while a lock is held: see {@link EtcdNamedLock.run} of the client. Calls with the same key wait for each
 * other, in this process as in all others.
 *
 * The call rejects with {@link EtcdLockNotAcquiredError} when `wait` has passed, with {@link EtcdLeaseLostError} when the lock was lost
 * before the method had ended, and with what the lock's requests fail with. The method gets its lock by {@link getCurrentLock}.
 *
 * The instance must be made by Nest, in a module that can inject the connection.
 *
 * @param key the lock's name, or a function that makes it of the method's arguments, called with the same `this`
 * @throws {EtcdOptionsError} when the class is defined; it names the option, the value and the fix
 * @example
 * @WithLock((id: string) => `orders/${id}`)
 * async ship(id: string): Promise<void> {}
 */
export function WithLock<Args extends readonly unknown[]>(
  key: (...args: Args) => string | Promise<string>,
  options?: EtcdWithLockOptions,
): WithLockDecorator<Args>;
export function WithLock(key: string, options?: EtcdWithLockOptions): WithLockDecorator<[]>;
export function WithLock(
  key: EtcdLockKey<never[]>,
  options: EtcdWithLockOptions = {},
): WithLockDecorator<never[]> {
  return (target, method, descriptor) =>
    inMethod('@WithLock', target, method, descriptor, (name) => {
      checkMethodLock(key, options);
      const { connection, ttl, prefix, wait, reentrant } = options;
      const etcdOf = injectHidden(target, getEtcdToken(connection), name);
      const lockOptions = { ttl, prefix };
      const runOptions = { wait, reentrant };
      wrapMethod(descriptor, (original) => {
        return async function underLock(this: object, ...args: unknown[]): Promise<unknown> {
          const etcd = etcdOf(this) as Pick<EtcdNamespace, 'lock'>;
          const lockName = typeof key === 'string' ? key : await key.apply(this, args as never);
          blaming(`@WithLock of ${nameOf(target, method)}`, () => checkText('key', lockName));
          return etcd
            .lock(lockName, lockOptions)
            .run((lock) => runUnder(lock, () => original.apply(this, args)), runOptions);
        };
      });
    });
}
