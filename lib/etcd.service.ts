import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { endWith, ignoreElements, merge, Subject, takeUntil, type Observable } from 'rxjs';
import { EtcdClient, type EtcdEvent, type EtcdKey, type EtcdWatchOptions } from './client/index.js';
import { ETCD_CONNECTION, ETCD_EVENTS, ETCD_MODULE_OPTIONS, type EtcdConnection } from './etcd.constants.js';
import { resolveModuleOptions } from './etcd.module-options.js';
import type { EtcdHandlerEvent, EtcdModuleOptions, EtcdServiceEvent } from './interfaces/index.js';
import { diagnosticsEventsOf } from './reporting/diagnostics-events.js';
import { fromEtcdWatch } from './watch/from-etcd-watch.js';

/**
 * An {@link EtcdClient} that lives as long as its Nest application. {@link EtcdModule} makes one for each connection.
 *
 * It connects with its first request, or with `connect: 'eager'` while the application starts. It closes in the last
 * phase of the shutdown, when HTTP has been drained: requests that are still served then, `onModuleDestroy` and
 * `beforeApplicationShutdown` can all use it. Do not use it in `onApplicationShutdown`.
 */
@Injectable()
export class EtcdService extends EtcdClient implements OnModuleInit, OnApplicationShutdown {
  /**
   * What happens to the methods with `@EtcdWatch` and `@EtcdLeader` of the connection, which is logged too, and what its client tells
   * on the diagnostics channels, its requests included. For metrics and alarms. It is hot: it tells what happens from now
   * on, and completes when the service closes with the application.
   */
  readonly events$: Observable<EtcdServiceEvent>;
  readonly #events: Subject<EtcdHandlerEvent>;
  readonly #connect: 'lazy' | 'eager';
  readonly #context: string;

  /** @hidden Made by {@link EtcdModule}. */
  constructor(
    @Inject(ETCD_MODULE_OPTIONS) options: EtcdModuleOptions,
    @Inject(ETCD_CONNECTION) connection: EtcdConnection,
    @Inject(ETCD_EVENTS) events = new Subject<EtcdHandlerEvent>(),
  ) {
    const { client, connect, context } = resolveModuleOptions(options, connection);
    super(client, connection.name);
    this.#connect = connect;
    this.#context = context;
    this.#events = events;
    const end = events.pipe(ignoreElements(), endWith(undefined));
    this.events$ = merge(events, diagnosticsEventsOf(this.identity).pipe(takeUntil(end)));
  }

  /**
   * The events of a watch as an Observable; see {@link EtcdNamespace.watch} for the events and the options. Each
   * subscription is a watch of its own, which unsubscribing closes. It errors with what ends the watch, wrong arguments
   * included, and completes when the client closes.
   *
   * @see fromEtcdWatch which does the same for a namespace
   */
  watch$(key: EtcdKey, options: EtcdWatchOptions = {}): Observable<EtcdEvent> {
    return fromEtcdWatch(this, key, options);
  }

  /**
   * With `connect: 'eager'`, waits until etcd has answered: `GET /v2/auth/enable`, within the client's `timeout`. Closing the
   * client ends it at once. A failure rejects the start of the application.
   */
  async onModuleInit(): Promise<void> {
    if (this.#connect === 'lazy') return;
    try {
      await this.auth.enabled();
    } catch (error) {
      // Nest runs no shutdown hooks for an application that did not start.
      await this.close();
      throw new Error(
        `${this.#context}: the application does not start, because \`connect: 'eager'\` is set and the check failed: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  /** Closes the client. It never rejects. */
  async onApplicationShutdown(): Promise<void> {
    await this.close();
    this.#events.complete();
  }
}
