import { AsyncLocalStorage } from 'node:async_hooks';
import type { ExecutionContext } from '@nestjs/common';
import type { EtcdLockHandle } from '../client/index.js';

/** On a request, the lock that its guard has taken. */
const onRequest = Symbol.for('nestjs-etcd.request-lock');
/** In the process, because the ESM and the CommonJS build must find each other's. */
const inProcess = Symbol.for('nestjs-etcd.current-lock');

type Store = AsyncLocalStorage<EtcdLockHandle>;

function store(): Store {
  const place = globalThis as { [inProcess]?: Store };
  return (place[inProcess] ??= new AsyncLocalStorage());
}

/** Runs code whose current lock this is. */
export function runUnder<T>(lock: EtcdLockHandle, code: () => T): T {
  return store().run(lock, code);
}

/** Notes the lock of a request. */
export function noteLock(request: object, lock: EtcdLockHandle): void {
  Reflect.set(request, onRequest, lock);
}

/** The lock under which a handler is called. */
export function lockOf(context: ExecutionContext): EtcdLockHandle | undefined {
  const request: unknown = context.getType() === 'http' ? context.switchToHttp().getRequest() : undefined;
  const noted = typeof request === 'object' && request !== null && Reflect.get(request, onRequest);
  return (noted as EtcdLockHandle | undefined | false) || getCurrentLock();
}

/**
 * The lock under which the running code was called: by a method with `@WithLock`, or a handler behind the
 * {@link LockInterceptor}. Behind the {@link LockGuard}, the handler gets it by `@CurrentLock()`.
 */
export function getCurrentLock(): EtcdLockHandle | undefined {
  return store().getStore();
}
