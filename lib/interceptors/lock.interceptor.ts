import {
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ModuleRef, Reflector } from '@nestjs/core';
import { Observable } from 'rxjs';
import { hasLock, runUnder } from '../lock/current-lock.js';
import { LockHost, rawResponseOf } from '../lock/lock-host.js';

/**
 * Takes the lock of a handler's `@EtcdLock` for one call of it, whatever calls it: GraphQL, microservices, WebSockets, and HTTP too.
 * It is given back when the handler has ended, or its caller wants nothing more. A `StreamableFile` is sent after that: there it is
 * {@link LockGuard}.
 *
 * When the lock cannot be had, HTTP and GraphQL get 409 or 503 as from {@link LockGuard}, and all others the client's error, for
 * example an {@link EtcdLockNotAcquiredError}, which a filter may translate.
 *
 * @example
 * @MessagePattern('orders.pay')
 * @UseInterceptors(LockInterceptor)
 * @EtcdLock((context) => `orders/${context.switchToRpc().getData().id}`)
 * pay(@Payload() order: Order) {}
 */
@Injectable()
export class LockInterceptor extends LockHost implements NestInterceptor {
  constructor(@Inject(ModuleRef) modules: ModuleRef, @Inject(Reflector) reflector: Reflector) {
    super(modules, reflector);
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const definition = this.getLock(context);
    if (definition === undefined || (await this.shouldSkip(context))) return next.handle();
    if (hasLock(context, definition)) return next.handle();
    return new Observable((subscriber) => {
      const leaving = new AbortController();
      const leave = (): void => leaving.abort();
      const response = context.getType() === 'http' ? rawResponseOf(context) : undefined;
      response?.once('close', leave);
      const run = async (): Promise<void> => {
        const lock = await this.take(context, definition, leaving.signal);
        const release = (): void => void lock.release();
        subscriber.add(release);
        if (leaving.signal.aborted) return subscriber.complete();
        runUnder(lock, () => lock.enter(() => subscriber.add(next.handle().subscribe(subscriber))));
      };
      run().catch((error: unknown) => subscriber.error(error));
      return () => {
        leave();
        response?.off('close', leave);
      };
    });
  }
}
