import { setTimeout as sleep } from 'node:timers/promises';
import {
  EtcdClosedError,
  EtcdOptionsError,
  type EtcdEvent,
  type EtcdNamespace,
  type EtcdWatcher,
} from '../client/index.js';
import { EventDecoder } from './event-decoder.js';
import type { CallHandler } from './handler-pipeline.js';
import { longestDelay, restartDelay } from '../reporting/restart-delay.js';
import type { WatchDefinition } from './watch-definition.js';
import type { WatchReporter } from './watch-reporter.js';

/** A handler with its key, ready to be called. */
export interface BoundWatch {
  /** `Class#method`. */
  readonly handler: string;
  readonly key: string;
  readonly definition: WatchDefinition;
  readonly call: CallHandler;
}

/**
 * Watches for one handler, until it is stopped: gives it the events in order, no more of them at once than it may have,
 * and starts the watch anew when that has ended by itself. An event is taken from the watcher only when the handler may
 * have it, so that what waits is kept within the watcher's bounds.
 */
export class WatchLoop {
  readonly #decoder: EventDecoder | undefined;
  readonly #stopping = new AbortController();
  #watcher: EtcdWatcher | undefined;
  #done: Promise<void> | undefined;
  #running = 0;
  /** Called when a handler has ended. */
  #onFree: (() => void) | undefined;
  /** Whether the watch has ended by itself, and nothing has come since. */
  #isLost = false;

  constructor(
    private readonly watch: BoundWatch,
    private readonly etcd: Pick<EtcdNamespace, 'watch'>,
    private readonly reporter: WatchReporter,
  ) {
    const { decoding } = watch.definition;
    this.#decoder = decoding === undefined ? undefined : new EventDecoder(decoding);
  }

  /** `Class#method`. */
  get handler(): string {
    return this.watch.handler;
  }

  start(): void {
    this.#done ??= this.#run();
  }

  /** Gives the handler nothing more, and resolves when it has ended. It never rejects. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watcher?.close();
    await this.#done;
    while (this.#running > 0) await this.#freed();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let { initial } = this.watch.definition;
    for (let failures = 0; !signal.aborted; failures++) {
      const startedAt = performance.now();
      try {
        // It returns when it was stopped, or the client was closed.
        return await this.#consume(initial);
      } catch (error) {
        if (signal.aborted || error instanceof EtcdClosedError) return;
        if (performance.now() - startedAt > longestDelay) failures = 0;
        // A key that etcd cannot hold does not become better.
        const delay = error instanceof EtcdOptionsError ? undefined : restartDelay(failures);
        this.reporter.ended(this.watch, error, delay, !this.#isLost);
        if (delay === undefined) return;
        this.#isLost = true;
        // What has happened meanwhile is not known, so that the present state has to stand for it.
        initial = true;
        // It keeps the process alive, as the watch does.
        await sleep(delay, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #consume(initial: boolean): Promise<void> {
    const { key, definition } = this.watch;
    const { recursive, buffer, actions, concurrency } = definition;
    const watcher = this.etcd.watch(key, { recursive, initial, buffer });
    this.#watcher = watcher;
    watcher.ready.then(
      () => this.reporter.ready(this.watch),
      () => undefined, // which the iteration throws
    );
    try {
      for (;;) {
        while (this.#running >= concurrency) await this.#freed();
        const { value: event } = await watcher.next();
        if (event === undefined) return;
        if (this.#isLost) this.reporter.back(this.watch);
        this.#isLost = false;
        if (event.action !== 'resync' && actions?.has(event.action) === false) continue;
        await this.#give(event);
      }
    } finally {
      await watcher.close();
    }
  }

  /** Starts the handler, and resolves without waiting for its end. */
  async #give(event: EtcdEvent): Promise<void> {
    const refused = this.reporter.valueRefused.bind(this.reporter, this.watch, event);
    const given = this.#decoder === undefined ? event : await this.#decoder.decode(event, refused);
    if (given === undefined || this.#stopping.signal.aborted) return;
    this.#running++;
    void this.watch.call(given).then((failure) => {
      if (failure !== undefined) this.reporter.handlerFailed(this.watch, event, failure);
      this.#running--;
      this.#onFree?.();
    });
  }

  #freed(): Promise<void> {
    return new Promise((resolve) => {
      const others = this.#onFree;
      this.#onFree = () => {
        this.#onFree = undefined;
        others?.();
        resolve();
      };
    });
  }
}
