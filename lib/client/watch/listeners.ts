import { EventEmitter } from 'node:events';
import { describeFailure } from '../http/exchange.js';
import type { EtcdLogger } from '../options/index.js';

type Listener = (...args: unknown[]) => void;

/** The listeners of a watcher or a cache. What one of them throws never reaches the others, or what calls them. */
export class Listeners {
  readonly #emitter = new EventEmitter();

  /** @param owner e.g. `The watch of /a`, for the log */
  constructor(
    private readonly owner: string,
    private readonly logger: EtcdLogger,
  ) {}

  add(name: string, listener: Listener): void {
    this.#emitter.on(name, listener);
  }

  remove(name: string, listener: Listener): void {
    this.#emitter.off(name, listener);
  }

  /** Calls those of a name, as long as `goesOn`. */
  call(name: string, argument?: unknown, goesOn: () => boolean = () => true): void {
    for (const listener of this.#emitter.listeners(name) as Listener[]) {
      if (!goesOn()) return;
      try {
        listener(argument);
      } catch (error) {
        const what = `has a listener for \`${name}\` that failed`;
        if (name === 'error') this.#log(error, what);
        else this.report(error, what);
      }
    }
  }

  /** Tells those for errors, or where there are none the logger. */
  report(error: unknown, what: string): void {
    if (this.#emitter.listenerCount('error') > 0) this.call('error', error);
    else this.#log(error, what);
  }

  #log(error: unknown, what: string): void {
    this.logger.error(`${this.owner} ${what}: ${describeFailure(error)}`);
  }
}
