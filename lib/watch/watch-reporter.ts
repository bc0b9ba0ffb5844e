import type { Subject } from 'rxjs';
import type { EtcdDecodeError, EtcdEvent, EtcdLogger } from '../client/index.js';
import type { EtcdServiceEvent } from '../interfaces/index.js';
import type { HandlerFailure } from './handler-pipeline.js';

/** A logger that may be given a stack; Nest's takes it, and that of the options may leave it. */
interface StackLogger extends EtcdLogger {
  error(message: string, stack?: string): void;
}

/** What is said of one watch. */
export interface ReportedWatch {
  readonly handler: string;
  readonly key: string;
}

/** Writes what happens to watches and their handlers to the log, and tells it on `events$`. It never throws. */
export class WatchReporter {
  constructor(
    private readonly connection: string | undefined,
    private readonly logger: StackLogger,
    private readonly events: Subject<EtcdServiceEvent>,
  ) {}

  ready({ handler, key }: ReportedWatch): void {
    this.#tell({ type: 'watch.ready', connection: this.connection, handler, key });
  }

  /** @param isNews whether it was alive before: as for a lost member, there is one line for all attempts in between */
  ended({ handler, key }: ReportedWatch, error: unknown, retryIn: number | undefined, isNews: boolean): void {
    const next =
      retryIn === undefined
        ? 'is not started again'
        : `is started again in ${(retryIn / 1_000).toFixed(1)} s`;
    if (isNews) this.#error(`The watch of ${key} for ${handler} has ended, and ${next}: ${describe(error)}`);
    this.#tell({ type: 'watch.ended', connection: this.connection, handler, key, error, retryIn });
  }

  back({ handler, key }: ReportedWatch): void {
    this.#log('log', `The watch of ${key} for ${handler} is back; the handler gets the present state.`);
  }

  handlerFailed({ handler }: ReportedWatch, { key, index }: EtcdEvent, failure: HandlerFailure): void {
    const filter = 'filterError' in failure ? `; so did a filter: ${describe(failure.filterError)}` : '';
    this.#error(
      `${handler} failed for ${key} at index ${index}: ${describe(failure.error)}${filter}`,
      stackOf(failure.error),
    );
    const { connection } = this;
    this.#tell({ type: 'watch.handler.failed', connection, handler, key, index, ...failure });
  }

  valueRefused({ handler }: ReportedWatch, { index }: EtcdEvent, error: EtcdDecodeError): void {
    const { connection } = this;
    const { key } = error;
    this.#error(`${handler} was not given the value of ${key} at index ${index}: ${error.message}`);
    this.#tell({ type: 'watch.value.refused', connection, handler, key, index, error });
  }

  notAwaited(handlers: readonly string[], timeout: number): void {
    this.#log(
      'warn',
      `The shutdown goes on without ${[...new Set(handlers)].join(', ')}: still running after ${timeout} ms. Raise \`shutdownTimeout\`, or end them sooner.`,
    );
  }

  notStarted(count: number): void {
    this.#log(
      'warn',
      `${count} @EtcdWatch are not started: the service was overridden by something without \`watch\`.`,
    );
  }

  #error(message: string, stack?: string): void {
    this.#log('error', message, stack);
  }

  #log(level: 'log' | 'warn' | 'error', message: string, stack?: string): void {
    try {
      if (stack === undefined) this.logger[level](message);
      else this.logger.error(message, stack);
    } catch {
      // A logger that fails must not end a watch.
    }
  }

  #tell(event: EtcdServiceEvent): void {
    this.events.next(event);
  }
}

/** What an error says, or anything else that was thrown, for which even its words may be code that fails. */
function describe(error: unknown): string {
  try {
    if (typeof error !== 'object' || error === null || !('message' in error)) return String(error);
    const message = String(error.message);
    return 'name' in error ? `${String(error.name)}: ${message}` : message;
  } catch {
    return 'something that cannot be written was thrown';
  }
}

function stackOf(error: unknown): string | undefined {
  try {
    const { stack } = error as { stack?: unknown };
    return typeof stack === 'string' ? stack : undefined;
  } catch {
    return undefined;
  }
}
