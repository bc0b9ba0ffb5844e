import { SetMetadata, type ExecutionContext } from '@nestjs/common';
import { blaming, nameOf } from '../explorer/decorated-method.js';
import { checkRequestLock, lockMetadata } from '../lock/lock-definition.js';
import type { EtcdLockKey, EtcdRequestLockOptions } from '../interfaces/index.js';

/**
 * Says which lock a handler, or each handler of a controller, is called under. {@link LockGuard} takes it for HTTP requests, and
 * {@link LockInterceptor} for everything else; without one of them it does nothing.
 *
 * @param key the lock's name, or a function that makes it of the execution context
 * @throws {EtcdOptionsError} when the class is defined; it names the option, the value and the fix
 * @example
 * @UseGuards(LockGuard)
 * @EtcdLock((context) => `orders/${context.switchToHttp().getRequest().params.id}`, { ttl: 10, wait: 2_000 })
 */
export function EtcdLock(
  key: EtcdLockKey<[context: ExecutionContext]>,
  options: EtcdRequestLockOptions = {},
): MethodDecorator & ClassDecorator {
  return (target: object, method?: string | symbol, descriptor?: PropertyDescriptor) => {
    const what = method === undefined ? (target as { name: string }).name : nameOf(target, method);
    const definition = blaming(`@EtcdLock of ${what}`, () => checkRequestLock(key, options));
    SetMetadata(lockMetadata, definition)(target, method as string, descriptor as PropertyDescriptor);
  };
}
