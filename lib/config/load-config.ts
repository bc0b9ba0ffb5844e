import { Logger } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { EtcdOptionsError, type EtcdNamespace } from '../client/index.js';
import { configOptionNames } from '../client/config/config-options.js';
import { checkNames } from '../client/options/check.js';
import { describeName, ETCD_CONFIG, type EtcdConfigHost } from './etcd-config.constants.js';
import type { EtcdConfigModuleOptions } from './etcd-config-options.interface.js';
import { EtcdConfigService } from './etcd-config.service.js';
import { valuesOf } from './value-definition.js';

const names = new Set([
  ...configOptionNames,
  'prefix',
  'logger',
  'name',
  'connection',
  'isGlobal',
  'imports',
]);

/**
 * Loads a configuration for its module, and checks the `@EtcdValue` of all classes. It rejects with an error that says what to do, with
 * nothing left open, and the application does not start.
 *
 * @throws {EtcdOptionsError} which names the option, the value and the fix
 */
export async function loadConfig(
  options: EtcdConfigModuleOptions,
  etcd: Partial<Pick<EtcdNamespace, 'cache'>>,
  host: EtcdConfigHost,
  modules: ModulesContainer,
): Promise<EtcdConfigService<unknown>> {
  refuseTwins(host, modules);
  checkModuleOptions(options);
  if (!canCache(etcd)) {
    throw new EtcdOptionsError(
      'connection',
      'the service was overridden by something without `cache`; in such a test, override the configuration too: `.overrideProvider(getEtcdConfigToken())`',
    );
  }
  const { name } = host;
  const context = contextOf(host);
  const { prefix, logger = new Logger(context), ...rest } = options;
  const Config = (typeof name === 'function'
    ? name
    : EtcdConfigService) as unknown as typeof EtcdConfigService;
  const config = new Config<unknown>(etcd, logger, prefix, rest);
  try {
    await config.ready;
    checkValues(config, host, modules);
    await config.hold();
  } catch (cause) {
    await config.close();
    throw new Error(
      `${context}: the application does not start, because the configuration of ${config.key} could not be loaded: ${(cause as Error).message}`,
      { cause },
    );
  }
  return config;
}

function contextOf({ name }: EtcdConfigHost): string {
  if (name === undefined) return 'EtcdConfigModule';
  return `EtcdConfigModule:${typeof name === 'string' ? name : name.name}`;
}

/**
 * Two modules of one name would be two configurations, and which of them is injected would be a matter of luck. Asked of the
 * application's own container, because state of this file would mix up the applications of one process.
 */
function refuseTwins({ name }: EtcdConfigHost, modules: ModulesContainer): void {
  let found = 0;
  for (const { providers } of modules.values()) {
    const host = providers.get(ETCD_CONFIG)?.instance as EtcdConfigHost | undefined;
    if (host !== undefined && host.name === name) found++;
  }
  if (found < 2) return;
  throw new EtcdOptionsError(
    'name',
    `${describeName(name)} is made by ${found} calls of \`EtcdConfigModule.forRoot\` or \`forRootAsync\`. Give each one a name of its own; to share one, call it once with \`isGlobal: true\`, or import the same dynamic module object`,
  );
}

/** Before any of the classes is instantiated, and those too that are for each request. */
function checkValues(
  config: EtcdConfigService<unknown>,
  { name }: EtcdConfigHost,
  modules: ModulesContainer,
): void {
  for (const { providers, controllers } of modules.values()) {
    for (const { metatype } of [...providers.values(), ...controllers.values()]) {
      // A factory is a function as well, and may have no prototype.
      const prototype = metatype?.prototype as object | undefined;
      for (const definition of valuesOf(prototype ?? null))
        if (definition.config === name) config.propertyOf(definition);
    }
  }
}

function checkModuleOptions(options: unknown): asserts options is EtcdConfigModuleOptions {
  if (typeof options !== 'object' || options === null) {
    throw new EtcdOptionsError(
      'options',
      `expected an object, got ${options === null ? 'null' : typeof options}; does the factory of \`EtcdConfigModule.forRootAsync\` return one?`,
    );
  }
  checkNames('options of EtcdConfigModule', options, names);
  for (const name of ['name', 'connection', 'isGlobal', 'imports']) {
    if (name in options)
      throw new EtcdOptionsError(name, 'it stands beside `useFactory`, not in what it returns');
  }
  if ((options as Partial<EtcdConfigModuleOptions>).prefix === undefined)
    throw new EtcdOptionsError(
      'prefix',
      "name the key whose files are the configuration, such as '/config/shop'",
    );
}

function canCache(etcd: Partial<Pick<EtcdNamespace, 'cache'>>): etcd is Pick<EtcdNamespace, 'cache'> {
  return typeof etcd.cache === 'function';
}
