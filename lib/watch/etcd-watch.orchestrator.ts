import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { ApplicationConfig, ModuleRef, ModulesContainer } from '@nestjs/core';
import type { Subject } from 'rxjs';
import type { EtcdNamespace } from '../client/index.js';
import {
  ETCD_CONNECTION,
  ETCD_EVENTS,
  ETCD_MODULE_OPTIONS,
  ETCD_OWN_SERVICE,
  type EtcdConnection,
} from '../etcd.constants.js';
import { resolveModuleOptions } from '../etcd.module-options.js';
import type { EtcdModuleOptions, EtcdHandlerEvent } from '../interfaces/index.js';
import { stopAll } from '../lifecycle/stop-all.js';
import { exploreMethods } from '../explorer/explore-methods.js';
import { HandlerPipeline } from './handler-pipeline.js';
import { resolveKey } from './resolve-key.js';
import { watchDecoration, type FoundWatch } from './watch-definition.js';
import { WatchLoop } from './watch-loop.js';
import { WatchReporter } from './watch-reporter.js';

/**
 * Starts and stops the `@EtcdWatch` of one connection with the application. Its hooks hold to the phases of the shutdown
 * alone: within one of them, Nest 11 and Nest 12 have different orders.
 */
@Injectable()
export class EtcdWatchOrchestrator implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  #found: readonly FoundWatch[] = [];
  #loops: readonly WatchLoop[] = [];
  #stopped: Promise<void> | undefined;

  constructor(
    @Inject(ETCD_CONNECTION) private readonly connection: EtcdConnection,
    @Inject(ETCD_MODULE_OPTIONS) private readonly options: EtcdModuleOptions,
    @Inject(ETCD_OWN_SERVICE) private readonly etcd: Partial<Pick<EtcdNamespace, 'watch'>>,
    @Inject(ETCD_EVENTS) private readonly events: Subject<EtcdHandlerEvent>,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
  ) {}

  /** Also without any watch to start, so that a wrong handler is found by the tests as well. */
  onModuleInit(): void {
    this.#found = exploreMethods(this.modules, this.connection.name, watchDecoration);
  }

  /** Does not wait for etcd: the application starts while that is away. */
  onApplicationBootstrap(): void {
    if (this.#found.length === 0 || this.#stopped !== undefined) return;
    const { isWatching, logger } = resolveModuleOptions(this.options, this.connection);
    if (!isWatching) return;
    const reporter = new WatchReporter(this.connection.name, logger, this.events);
    const { etcd } = this;
    if (!canWatch(etcd)) return reporter.notStarted(this.#found.length);
    const pipeline = new HandlerPipeline(this.modules, this.config);
    this.#loops = this.#found.map((found) => {
      const { handler, definition } = found;
      const key = resolveKey(found, this.moduleRef);
      return new WatchLoop({ handler, definition, key, call: pipeline.build(found) }, etcd, reporter);
    });
    // Not before all of them are known to be right.
    for (const loop of this.#loops) loop.start();
  }

  /** Gives handlers nothing more, and waits for those that run, within the `shutdownTimeout`. It never rejects. */
  onModuleDestroy(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    if (this.#loops.length === 0) return;
    const { shutdownTimeout, logger } = resolveModuleOptions(this.options, this.connection);
    const running = await stopAll(this.#loops, shutdownTimeout);
    if (running.length === 0) return;
    const handlers = running.map(({ handler }) => handler);
    new WatchReporter(this.connection.name, logger, this.events).notAwaited(handlers, shutdownTimeout);
  }
}

/** What a test puts in the place of the service need not be able to watch. */
function canWatch(etcd: Partial<Pick<EtcdNamespace, 'watch'>>): etcd is Pick<EtcdNamespace, 'watch'> {
  return typeof etcd.watch === 'function';
}
