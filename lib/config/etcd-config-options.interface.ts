import type { ConfigurableModuleAsyncOptions, ModuleMetadata } from '@nestjs/common';
import type {
  EtcdClientOptions,
  EtcdConfigObject,
  EtcdConfigOptions,
  EtcdKey,
  EtcdLogger,
  EtcdNamespace,
} from '../client/index.js';
import type { EtcdConfigName } from './etcd-config.constants.js';

/** Options of a configuration. */
export interface EtcdConfigModuleOptions<T = unknown> extends EtcdConfigOptions<T> {
  /** The key whose files it holds, e.g. `/config/shop`. */
  readonly prefix: EtcdKey;
  /** Takes its few lines. @default Nest's `Logger`, with the context `EtcdConfigModule` */
  readonly logger?: EtcdLogger;
}

/** What stands beside the factory in `forRootAsync`, because Nest must know it before the factory has run. */
export interface EtcdConfigModuleExtras {
  /** Makes a further configuration, for `@InjectEtcdConfig(name)`, or for injection by a class. @default the default one */
  readonly name?: EtcdConfigName | undefined;
  /** Name of the connection, as given to `EtcdModule.forRoot`. @default the default connection */
  readonly connection?: string | undefined;
  /** Lets every module inject it without importing it. @default false */
  readonly isGlobal?: boolean;
}

/** Options of `EtcdConfigModule.forRoot`. */
export interface EtcdConfigRootOptions<T = unknown>
  extends EtcdConfigModuleOptions<T>, EtcdConfigModuleExtras {
  /** The module of the connection, unless that is global. */
  readonly imports?: ModuleMetadata['imports'];
}

/** A class that makes the options, for `useClass` and `useExisting`. */
export interface EtcdConfigOptionsFactory {
  createEtcdConfigOptions(): EtcdConfigModuleOptions | Promise<EtcdConfigModuleOptions>;
}

/**
 * Options of `EtcdConfigModule.forRootAsync`: one of `useFactory` (with `inject`), `useClass` and `useExisting`, the `imports` that it and the
 * connection need, and beside it `isGlobal`, `name` and `connection`.
 */
export type EtcdConfigModuleAsyncOptions = ConfigurableModuleAsyncOptions<
  EtcdConfigModuleOptions,
  'createEtcdConfigOptions'
> &
  EtcdConfigModuleExtras;

/** The client of a loader: one that you close, or the options of one that is closed with the application. */
export type EtcdConfigClient = EtcdClientOptions | Pick<EtcdNamespace, 'cache'>;

/** Options of {@link etcdConfig}. */
export interface EtcdConfigLoaderOptions<T = EtcdConfigObject> extends EtcdConfigOptions<T> {
  /**
   * The client, or what makes it when the configuration is loaded, e.g. out of the environment.
   * @default one for `http://127.0.0.1:2379`
   */
  readonly client?: EtcdConfigClient | (() => EtcdConfigClient | Promise<EtcdConfigClient>);
  /** Takes its few lines. @default Nest's `Logger`, with the context `EtcdConfig` */
  readonly logger?: EtcdLogger;
}
