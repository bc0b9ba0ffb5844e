import { Inject, Module, Optional, type DynamicModule } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { EtcdOptionsError } from './client/index.js';
import { optionNames } from './client/options/resolve-options.js';
import { ETCD_CONNECTION, type EtcdConnection } from './etcd.constants.js';
import { ConfigurableModuleClass } from './etcd.module-definition.js';
import { checkFactory } from './etcd.module-options.js';
import type { EtcdModuleAsyncOptions, EtcdModuleExtras, EtcdModuleOptions } from './interfaces/index.js';

/**
 * Gives an application its connections to etcd. Each `forRoot` or `forRootAsync` makes one: the default one, which is
 * injected as `EtcdService`, or with a `name` a further one, which is injected by `@InjectEtcd(name)`.
 *
 * Call it once for each connection. To use the connection in several modules, set `isGlobal`, or import the same
 * dynamic module object in each of them; a second call for the same connection fails the start of the application.
 *
 * @example
 * imports: [EtcdModule.forRoot({ hosts: ['http://10.0.0.1:2379', 'http://10.0.0.2:2379'], isGlobal: true })]
 */
@Module({})
export class EtcdModule extends ConfigurableModuleClass {
  /** @internal Called by Nest when it has found all modules, and before any of them is used. */
  constructor(
    @Optional() @Inject(ETCD_CONNECTION) connection: EtcdConnection | undefined,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    super();
    if (connection === undefined) {
      throw new EtcdOptionsError(
        'imports',
        '`EtcdModule` was imported as it is; import `EtcdModule.forRoot({ hosts })`',
      );
    }
    refuseTwins(connection, modules);
  }

  /**
   * Makes a connection with options that are known already.
   *
   * @param options without any, etcd is asked at `http://127.0.0.1:2379`
   * @throws {EtcdOptionsError} for a wrong name; wrong options fail the start of the application
   */
  static override forRoot(options: EtcdModuleOptions & EtcdModuleExtras = {}): DynamicModule {
    return super.forRoot(options);
  }

  /**
   * Makes a connection with options that are made when the application starts.
   *
   * @example
   * EtcdModule.forRootAsync({
   *   isGlobal: true,
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ hosts: config.getOrThrow<string>('ETCD_HOSTS').split(',') }),
   * })
   * @throws {EtcdOptionsError} for a wrong name, and without a factory
   */
  static override forRootAsync(options: EtcdModuleAsyncOptions): DynamicModule {
    for (const name in options) {
      if (asyncNames.has(name)) continue;
      const problem = optionNames.has(name)
        ? 'it belongs into what the factory of `EtcdModule.forRootAsync` returns'
        : `no such option of \`EtcdModule.forRootAsync\`; known are ${[...asyncNames].sort().join(', ')}`;
      throw new EtcdOptionsError(name, problem);
    }
    checkFactory('EtcdModule', options);
    return super.forRootAsync(options);
  }
}

const asyncNames = new Set([
  'imports',
  'inject',
  'isGlobal',
  'name',
  'provideInjectionTokensFrom',
  'useClass',
  'useExisting',
  'useFactory',
]);

/**
 * Two modules of one name would be two clients, and which of them is injected would be a matter of luck. Asked of
 * the application's own container, because state of this file would mix up the applications of one process.
 */
function refuseTwins({ name }: EtcdConnection, modules: ModulesContainer): void {
  let found = 0;
  for (const { providers } of modules.values()) {
    const connection = providers.get(ETCD_CONNECTION)?.instance as EtcdConnection | undefined;
    if (connection?.name === name && connection !== undefined) found++;
  }
  if (found < 2) return;
  const which = name === undefined ? 'The default connection' : `The connection '${name}'`;
  throw new EtcdOptionsError(
    'name',
    `${which} is made by ${found} calls of \`EtcdModule.forRoot\` or \`forRootAsync\`. Give each connection a name of its own; to share one, call it once with \`isGlobal: true\`, or import the same dynamic module object`,
  );
}
