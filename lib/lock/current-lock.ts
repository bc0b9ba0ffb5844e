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

interface Noted {
  readonly lock: EtcdLockHandle;
  readonly definition: object;
}

/** Notes the lock of a request. @param definition what it was taken for */
export function noteLock(request: object, lock: EtcdLockHandle, definition: object): void {
  const noted: Noted = { lock, definition };
  Reflect.set(request, onRequest, noted);
}

function notedOf(context: ExecutionContext): Noted | undefined {
  const request: unknown = context.getType() === 'http' ? context.switchToHttp().getRequest() : undefined;
  if (typeof request !== 'object' || request === null) return undefined;
  return Reflect.get(request, onRequest) as Noted | undefined;
}

/** Whether a request has the lock already that is wanted for it. */
export function hasLock(context: ExecutionContext, definition: object): boolean {
  const noted = notedOf(context);
  return noted?.definition === definition && noted.lock.isHeld;
}

/** The lock under which a handler is called. */
export function lockOf(context: ExecutionContext): EtcdLockHandle | undefined {
  return notedOf(context)?.lock ?? getCurrentLock();
}

/**
 * The lock under which the running code was called: by a method with `@WithLock`, or a handler behind the
 * {@link LockInterceptor}. Behind the {@link LockGuard}, the handler gets it by `@CurrentLock()`.
 */
export function getCurrentLock(): EtcdLockHandle | undefined {
  return store().getStore();
}
