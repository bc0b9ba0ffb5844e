import type { EtcdDecodeError, EtcdEvent } from '../client/index.js';
import { describe, stackOf } from '../reporting/describe.js';
import { Reporter } from '../reporting/reporter.js';
import type { HandlerFailure } from './handler-pipeline.js';

/** What is said of one watch. */
export interface ReportedWatch {
  readonly handler: string;
  readonly key: string;
}

/** Writes what happens to watches and their handlers to the log, and tells it on `events$`. It never throws. */
export class WatchReporter extends Reporter {
  ready({ handler, key }: ReportedWatch): void {
    this.tell({ type: 'watch.ready', connection: this.connection, handler, key });
  }

  /** @param isNews whether it was alive before: as for a lost member, there is one line for all attempts in between */
  ended({ handler, key }: ReportedWatch, error: unknown, retryIn: number | undefined, isNews: boolean): void {
    const next =
      retryIn === undefined
        ? 'is not started again'
        : `is started again in ${(retryIn / 1_000).toFixed(1)} s`;
    if (isNews)
      this.log('error', `The watch of ${key} for ${handler} has ended, and ${next}: ${describe(error)}`);
    this.tell({ type: 'watch.ended', connection: this.connection, handler, key, error, retryIn });
  }

  back({ handler, key }: ReportedWatch): void {
    this.log('log', `The watch of ${key} for ${handler} is back; the handler gets the present state.`);
  }

  handlerFailed({ handler }: ReportedWatch, { key, index }: EtcdEvent, failure: HandlerFailure): void {
    const filter = 'filterError' in failure ? `; so did a filter: ${describe(failure.filterError)}` : '';
    this.log(
      'error',
      `${handler} failed for ${key} at index ${index}: ${describe(failure.error)}${filter}`,
      stackOf(failure.error),
    );
    const { connection } = this;
    this.tell({ type: 'watch.handler.failed', connection, handler, key, index, ...failure });
  }

  valueRefused({ handler }: ReportedWatch, { index }: EtcdEvent, error: EtcdDecodeError): void {
    const { connection } = this;
    const { key } = error;
    this.log('error', `${handler} was not given the value of ${key} at index ${index}: ${error.message}`);
    this.tell({ type: 'watch.value.refused', connection, handler, key, index, error });
  }

  notAwaited(handlers: readonly string[], timeout: number): void {
    this.log(
      'warn',
      `The shutdown goes on without ${[...new Set(handlers)].join(', ')}: still running after ${timeout} ms. Raise \`shutdownTimeout\`, or end them sooner.`,
    );
  }

  notStarted(count: number): void {
    this.log(
      'warn',
      `${count} @EtcdWatch are not started: the service was overridden by something without \`watch\`.`,
    );
  }
}
