import { Catch, Logger, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { EtcdError } from '../client/index.js';
import { toHttpResponse } from './http-response.js';

/** Seconds after which a client may try again: an election takes one to two. */
const retryAfter = '1';

/**
 * Answers HTTP requests that failed with an {@link EtcdError}, on Express and on Fastify, with an
 * {@link EtcdErrorResponse}:
 *
 * | status | errors |
 * |---|---|
 * | 400 | invalid key |
 * | 403 | the root directory is read only, a change of members or auth that etcd does not allow |
 * | 404 | no such key, member, user or role |
 * | 409 | key exists, not a file, not a directory, directory not empty, conflict, lock not acquired |
 * | 412 | compare failed |
 * | 503 | no connection, timeout, abort, raft, election, indeterminate, closed, other cluster, server failure, lease lost |
 * | 500 | everything else, which is then logged: options, credentials that etcd refuses, answers that cannot be read |
 *
 * A 503, and a lock that was not acquired, say `Retry-After`, except where the write may have been applied: the body then says `mayHaveBeenApplied`, and
 * repeating it is not for a proxy to decide. Outside HTTP (RPC, WebSockets, GraphQL) the error is thrown on.
 *
 * @example
 * providers: [{ provide: APP_FILTER, useClass: EtcdExceptionFilter }]
 * @example
 * app.useGlobalFilters(new EtcdExceptionFilter(app.getHttpAdapter()));
 */
@Catch(EtcdError)
export class EtcdExceptionFilter extends BaseExceptionFilter<EtcdError> {
  readonly #logger = new Logger(EtcdExceptionFilter.name);

  /** Answers a request of HTTP; in any other context it throws the error on. */
  override catch(exception: EtcdError, host: ArgumentsHost): void {
    if (host.getType<string>() !== 'http') throw exception;
    const body = toHttpResponse(exception);
    if (body.statusCode === 500) this.#logger.error(exception.message, exception.stack);

    const adapter = this.applicationRef ?? this.httpAdapterHost?.httpAdapter;
    if (adapter === undefined) {
      throw new Error(
        'EtcdExceptionFilter knows no HTTP adapter: make it with `new EtcdExceptionFilter(app.getHttpAdapter())`, or name the class and let Nest make it.',
        { cause: exception },
      );
    }
    const response: unknown = host.switchToHttp().getResponse();
    if (adapter.isHeadersSent(response)) {
      adapter.end(response);
      return;
    }
    const isOutage = body.statusCode === 503 && body.mayHaveBeenApplied === undefined;
    if (isOutage || exception.code === 'ETCD_LOCK_NOT_ACQUIRED')
      adapter.setHeader(response, 'Retry-After', retryAfter);
    adapter.reply(response, body, body.statusCode);
  }
}
