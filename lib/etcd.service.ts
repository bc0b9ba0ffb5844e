import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { EtcdClient, EtcdOptionsError, type EtcdClientOptions } from './client/index.js';
import { ETCD_CONNECTION, ETCD_MODULE_OPTIONS, type EtcdConnection } from './etcd.constants.js';
import type { EtcdModuleOptions } from './interfaces/index.js';

/**
 * An {@link EtcdClient} that lives as long as its Nest application. {@link EtcdModule} makes one for each connection.
 *
 * It connects with its first request, or with `connect: 'eager'` while the application starts. It closes in the last
 * phase of the shutdown, when HTTP has been drained: requests that are still served then, `onModuleDestroy` and
 * `beforeApplicationShutdown` can all use it. Do not use it in `onApplicationShutdown`.
 */
@Injectable()
export class EtcdService extends EtcdClient implements OnModuleInit, OnApplicationShutdown {
  readonly #connect: 'lazy' | 'eager';
  readonly #context: string;

  /** Made by {@link EtcdModule}. */
  constructor(
    @Inject(ETCD_MODULE_OPTIONS) options: EtcdModuleOptions,
    @Inject(ETCD_CONNECTION) { name }: EtcdConnection,
  ) {
    const context = name === undefined ? 'EtcdModule' : `EtcdModule:${name}`;
    checkOptions(options);
    super(toClientOptions(options, context));
    this.#connect = options.connect ?? 'lazy';
    this.#context = context;
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
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}

/** The rest is checked by the client, which refuses what it does not know. */
function checkOptions(options: unknown): asserts options is EtcdModuleOptions {
  if (typeof options !== 'object' || options === null) {
    throw new EtcdOptionsError(
      'options',
      `expected an object, got ${options === null ? 'null' : typeof options}; does the factory of \`EtcdModule.forRootAsync\` return one?`,
    );
  }
  for (const name of ['name', 'isGlobal']) {
    if (name in options)
      throw new EtcdOptionsError(name, 'it stands beside `useFactory`, not in what it returns');
  }
  const { connect } = options as { connect?: unknown };
  if (connect !== undefined && connect !== 'lazy' && connect !== 'eager')
    throw new EtcdOptionsError(
      'connect',
      `expected 'lazy' or 'eager', got ${typeof connect === 'string' ? `'${connect}'` : typeof connect}`,
    );
}

/** The options without the module's own. They are inherited and not copied, so that getters of a class stay. */
function toClientOptions(options: EtcdModuleOptions, context: string): EtcdClientOptions {
  return Object.create(options, {
    connect: { value: undefined, enumerable: false },
    logger: { value: options.logger ?? new Logger(context), enumerable: true },
  }) as EtcdClientOptions;
}
