import { Inject, Module, Optional, type DynamicModule } from '@nestjs/common';
import { EtcdOptionsError } from '../client/index.js';
import { checkNames } from '../client/options/check.js';
import { checkFactory } from '../etcd.module-options.js';
import { ETCD_CONFIG, type EtcdConfigHost } from './etcd-config.constants.js';
import { ConfigurableModuleClass } from './etcd-config.module-definition.js';
import type { EtcdConfigModuleAsyncOptions, EtcdConfigRootOptions } from './etcd-config-options.interface.js';

/**
 * Gives an application its configuration out of etcd. Each `forRoot` or `forRootAsync` loads the files below one prefix before anything that
 * injects them is made: the default one, which is injected as `EtcdConfigService`, or with a `name` a further one.
 *
 * @example
 * imports: [
 *   EtcdModule.forRoot({ hosts: 'http://10.0.0.1:2379', isGlobal: true }),
 *   EtcdConfigModule.forRoot({ prefix: '/config/shop', schema: Shop, isGlobal: true }),
 * ]
 */
@Module({})
export class EtcdConfigModule extends ConfigurableModuleClass {
  /** @internal Called by Nest. */
  constructor(@Optional() @Inject(ETCD_CONFIG) host: EtcdConfigHost | undefined) {
    super();
    if (host === undefined) {
      throw new EtcdOptionsError(
        'imports',
        '`EtcdConfigModule` was imported as it is; import `EtcdConfigModule.forRoot({ prefix })`',
      );
    }
  }

  /**
   * Loads a configuration: `GET /v2/keys/PREFIX?recursive=true&quorum=true`, then from
   * `onApplicationBootstrap` on reads it once more and follows it: `GET /v2/keys/PREFIX?wait=true&recursive=true`.
   *
   * @throws {EtcdOptionsError} for a wrong name; other wrong options, and what it cannot be loaded because of, fail the start of the application
   */
  static override forRoot<T>(options: EtcdConfigRootOptions<T>): DynamicModule {
    const { imports, ...rest } = options;
    return withImports(super.forRoot(rest), imports);
  }

  /**
   * Loads a configuration with options that are made when the application starts, the prefix among them.
   *
   * @example
   * EtcdConfigModule.forRootAsync({
   *   isGlobal: true,
   *   inject: [Deployment],
   *   useFactory: ({ stage }: Deployment) => ({ prefix: ['config', stage, 'shop'], schema: Shop }),
   * })
   * @throws {EtcdOptionsError} for a wrong name, and without a factory
   */
  static override forRootAsync(options: EtcdConfigModuleAsyncOptions): DynamicModule {
    checkNames('options of EtcdConfigModule.forRootAsync', options, asyncNames);
    checkFactory('EtcdConfigModule', options);
    return super.forRootAsync(options);
  }
}

const asyncNames = new Set([
  'connection',
  'imports',
  'inject',
  'isGlobal',
  'name',
  'provideInjectionTokensFrom',
  'useClass',
  'useExisting',
  'useFactory',
]);

function withImports(module: DynamicModule, imports: DynamicModule['imports'] = []): DynamicModule {
  return { ...module, imports: [...(module.imports ?? []), ...imports] };
}
