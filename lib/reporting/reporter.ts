import type { Subject } from 'rxjs';
import type { EtcdLogger } from '../client/index.js';
import type { EtcdHandlerEvent } from '../interfaces/index.js';

/** A logger that may be given a stack; Nest's takes it, and that of the options may leave it. */
interface StackLogger extends EtcdLogger {
  error(message: string, stack?: string): void;
}

/** Writes what happens to decorated methods to the log, and tells it on `events$`. It never throws. */
export abstract class Reporter {
  constructor(
    protected readonly connection: string | undefined,
    private readonly logger: StackLogger,
    private readonly events: Subject<EtcdHandlerEvent>,
  ) {}

  protected log(level: 'log' | 'warn' | 'error', message: string, stack?: string): void {
    try {
      if (stack === undefined) this.logger[level](message);
      else this.logger.error(message, stack);
    } catch {
      // A logger that fails must not end anything.
    }
  }

  protected tell(event: EtcdHandlerEvent): void {
    this.events.next(event);
  }
}
