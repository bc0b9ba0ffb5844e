import { STATUS_CODES, type ServerResponse } from 'node:http';
import { HttpException, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, Reflector } from '@nestjs/core';
import {
  EtcdError,
  EtcdLockNotAcquiredError,
  EtcdOptionsError,
  type EtcdLockHandle,
} from '../client/index.js';
import { toHttpResponse } from '../filters/http-response.js';
import { checkText } from '../client/options/check.js';
import { blaming } from '../explorer/decorated-method.js';
import { connectionOf } from './connection-of.js';
import { lockMetadata, type LockDefinition } from './lock-definition.js';

/** Contexts whose errors become HTTP responses. */
const answersByHttp = new Set(['http', 'graphql']);

/**
 * What {@link LockGuard} and {@link LockInterceptor} have in common: which lock a handler wants, and what is said when it cannot
 * be had. Its protected methods are there to be overridden.
 */
export abstract class LockHost {
  constructor(
    protected readonly modules: ModuleRef,
    protected readonly reflector: Reflector,
  ) {}

  /** The lock's options; `undefined` for a handler without `@EtcdLock`. */
  protected getLock(context: ExecutionContext): LockDefinition | undefined {
    return this.reflector.getAllAndOverride<LockDefinition | undefined>(lockMetadata, [
      context.getHandler(),
      context.getClass(),
    ]);
  }

  /** Whether a call goes on without the lock. */
  protected shouldSkip(_context: ExecutionContext): boolean | Promise<boolean> {
    return false;
  }

  /** The lock's name. */
  protected getKey(context: ExecutionContext, { key }: LockDefinition): string | Promise<string> {
    return typeof key === 'string' ? key : key(context);
  }

  /** Takes the lock. @param signal ends the waiting */
  protected async acquire(
    context: ExecutionContext,
    definition: LockDefinition,
    signal?: AbortSignal,
  ): Promise<EtcdLockHandle> {
    const { connection, ttl, prefix, wait = 0 } = definition;
    const name = await this.getKey(context, definition);
    const what = `@EtcdLock of ${context.getClass().name}#${context.getHandler().name}`;
    blaming(what, () => checkText('key', name));
    const lock = connectionOf(this.modules, connection).lock(name, { ttl, prefix });
    return lock.acquire({ wait, signal });
  }

  /** Refuses a call whose lock others have: over HTTP with 409 and `Retry-After`. */
  protected throwLocked(
    context: ExecutionContext,
    error: EtcdLockNotAcquiredError,
    { status = 409, retryAfter = 1 }: LockDefinition,
  ): never {
    if (!answersByHttp.has(context.getType<string>())) throw error;
    this.setRetryAfter(context, retryAfter);
    throw new HttpException(bodyOf(status, toHttpResponse(error).message, error), status, {
      cause: error,
    });
  }

  /** Refuses a call because etcd cannot be asked: over HTTP with 503 and `Retry-After`. */
  protected throwUnavailable(context: ExecutionContext, error: EtcdError): never {
    if (!answersByHttp.has(context.getType<string>())) throw error;
    const { statusCode, message } = toHttpResponse(error);
    this.setRetryAfter(context, 1);
    throw new HttpException(bodyOf(statusCode, message, error), statusCode, { cause: error });
  }

  /** Takes the lock, or says why not. */
  protected async take(
    context: ExecutionContext,
    definition: LockDefinition,
    signal?: AbortSignal,
  ): Promise<EtcdLockHandle> {
    try {
      return await this.acquire(context, definition, signal);
    } catch (error) {
      if (error instanceof EtcdLockNotAcquiredError) this.throwLocked(context, error, definition);
      const isOutage = error instanceof EtcdError && toHttpResponse(error).statusCode === 503;
      if (isOutage) this.throwUnavailable(context, error);
      throw error;
    }
  }

  /** Sets the header of a response that is about to refuse. */
  protected setRetryAfter(context: ExecutionContext, seconds: number): void {
    if (context.getType() !== 'http') return;
    const { httpAdapter } = this.modules.get(HttpAdapterHost, { strict: false });
    httpAdapter.setHeader(context.switchToHttp().getResponse(), 'Retry-After', String(seconds));
  }
}

/** Node's response; Fastify's reply has it inside. */
export function rawResponseOf(context: ExecutionContext): ServerResponse {
  const response = context.switchToHttp().getResponse<ServerResponse & { raw?: ServerResponse }>();
  return response.raw ?? response;
}

/** The shape of {@link EtcdErrorResponse}. */
function bodyOf(statusCode: number, message: string, { code }: EtcdError): Record<string, unknown> {
  return { statusCode, error: STATUS_CODES[statusCode], message, code };
}

/** @throws {EtcdOptionsError} */
export function refuseContext(context: ExecutionContext): void {
  const type = context.getType<string>();
  if (type === 'http') return;
  const name = `${context.getClass().name}#${context.getHandler().name}`;
  throw new EtcdOptionsError(
    'LockGuard',
    `${name} is called by ${type}, where a guard does not learn when the handler has ended; use \`@UseInterceptors(LockInterceptor)\``,
  );
}
