import type { ServerResponse } from 'node:http';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ModuleRef, Reflector } from '@nestjs/core';
import type { EtcdLockHandle } from '../client/index.js';
import { hasLock, noteLock } from '../lock/current-lock.js';
import { LockHost, rawResponseOf, refuseContext } from '../lock/lock-host.js';

/**
 * Takes the lock of a handler's `@EtcdLock` for one HTTP request, on Express and on Fastify, and gives it back when the response
 * has ended. When the connection is lost before, the lock's `signal` is aborted and the lock given back, though the handler may
 * still run.
 *
 * - When others have it, the answer is `409 Conflict` with `Retry-After`; when etcd is away, `503 Service Unavailable`.
 * - When it is lost while the handler runs, its `signal` is aborted, and the outcome is the handler's.
 *
 * A guard does not learn when a handler of GraphQL, microservices or WebSockets has ended: there it is {@link LockInterceptor}.
 *
 * @example
 * @Post(':id/pay')
 * @UseGuards(LockGuard)
 * @EtcdLock((context) => `orders/${context.switchToHttp().getRequest().params.id}`, { wait: 2_000 })
 * pay(@CurrentLock() lock: EtcdLockHandle) {}
 */
@Injectable()
export class LockGuard extends LockHost implements CanActivate {
  constructor(@Inject(ModuleRef) modules: ModuleRef, @Inject(Reflector) reflector: Reflector) {
    super(modules, reflector);
  }

  /** @throws {HttpException} 409 or 503, and what is wrong with the lock's options */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const definition = this.getLock(context);
    if (definition === undefined || (await this.shouldSkip(context))) return true;
    refuseContext(context);
    // The guard may stand over the application, the controller and the handler at once.
    if (hasLock(context, definition)) return true;
    const http = context.switchToHttp();
    const response = rawResponseOf(context);
    const leaving = new AbortController();
    const onClose = (): void => leaving.abort();
    response.once('close', onClose);
    if (isGone(response)) onClose();
    const lock = await this.take(context, definition, leaving.signal);
    response.off('close', onClose);
    noteLock(http.getRequest(), lock, definition);
    this.#giveBack(lock, response);
    return true;
  }

  #giveBack(lock: EtcdLockHandle, response: ServerResponse): void {
    const end = (): void => void (response.writableFinished ? lock.release() : lock.abandon());
    if (isGone(response)) return end();
    // Responses that no socket is behind, as in a function of a cloud, are finished and never closed.
    response.once('finish', end).once('close', end);
  }
}

/** Whether the client has left, so that no `close` comes any more. */
function isGone(response: ServerResponse): boolean {
  return response.destroyed || response.closed;
}
