import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { EtcdLockHandle } from '../client/index.js';
import { lockOf } from '../lock/current-lock.js';

/**
 * Gives a handler the {@link EtcdLockHandle} that {@link LockGuard} or {@link LockInterceptor} has taken for it, with its `signal`
 * and its `fencingToken`; `undefined` where there is none.
 */
export const CurrentLock: () => ParameterDecorator = createParamDecorator(
  (_data: undefined, context: ExecutionContext): EtcdLockHandle | undefined => lockOf(context),
);
