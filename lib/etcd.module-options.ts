import { Logger } from '@nestjs/common';
import { EtcdOptionsError, type EtcdClientOptions, type EtcdLogger } from './client/index.js';
import { checkBoolean, checkMilliseconds, checkNames, show } from './client/options/check.js';
import { optionNames } from './client/options/resolve-options.js';
import type { EtcdConnection } from './etcd.constants.js';
import type { EtcdModuleOptions } from './interfaces/index.js';

/** The module's own options, with nothing left open. */
export interface ResolvedModuleOptions {
  /** The context of what is logged. */
  readonly context: string;
  readonly logger: EtcdLogger;
  readonly connect: 'lazy' | 'eager';
  /** Whether `@EtcdWatch` is started. */
  readonly isWatching: boolean;
  /** Whether this process takes part in elections. */
  readonly isCampaigning: boolean;
  readonly shutdownTimeout: number;
  /** The rest, which the client checks. */
  readonly client: EtcdClientOptions;
}

/** @throws {EtcdOptionsError} which names the option, the value and the fix */
export function resolveModuleOptions(options: unknown, { name }: EtcdConnection): ResolvedModuleOptions {
  const context = name === undefined ? 'EtcdModule' : `EtcdModule:${name}`;
  checkOptions(options);
  const { connect = 'lazy', logger = new Logger(context), shutdownTimeout = 5_000, watch } = options;
  return {
    context,
    logger,
    connect,
    isWatching: watch !== false,
    isCampaigning: options.leaders !== false,
    shutdownTimeout,
    client: toClientOptions(options, logger),
  };
}

/** Those of the module beside the client's. */
const ownNames = ['connect', 'leaders', 'shutdownTimeout', 'name', 'isGlobal'];
const names = new Set([...optionNames, ...ownNames]);

/** The rest is checked by the client, which refuses what it does not know. */
function checkOptions(options: unknown): asserts options is EtcdModuleOptions {
  if (typeof options !== 'object' || options === null) {
    throw new EtcdOptionsError(
      'options',
      `expected an object, got ${options === null ? 'null' : typeof options}; does the factory of \`EtcdModule.forRootAsync\` return one?`,
    );
  }
  checkNames('options of EtcdModule', options, names);
  for (const name of ['name', 'isGlobal']) {
    if (name in options)
      throw new EtcdOptionsError(name, 'it stands beside `useFactory`, not in what it returns');
  }
  const { connect, leaders, shutdownTimeout, watch } = options as Record<string, unknown>;
  checkBoolean('leaders', leaders);
  if (connect !== undefined && connect !== 'lazy' && connect !== 'eager')
    throw new EtcdOptionsError(
      'connect',
      `expected 'lazy' or 'eager', got ${typeof connect === 'string' ? `'${connect}'` : typeof connect}`,
    );
  if (shutdownTimeout !== undefined) checkMilliseconds('shutdownTimeout', shutdownTimeout);
  if (watch !== undefined && watch !== false && (typeof watch !== 'object' || watch === null))
    throw new EtcdOptionsError(
      'watch',
      `expected false, or an object with \`rearm\`, got ${show(watch)}; leave it out to start every watch`,
    );
}

/** The options without the module's own. They are inherited and not copied, so that getters of a class stay. */
function toClientOptions(options: EtcdModuleOptions, logger: EtcdLogger): EtcdClientOptions {
  return Object.create(options, {
    connect: { value: undefined, enumerable: false },
    leaders: { value: undefined, enumerable: false },
    shutdownTimeout: { value: undefined, enumerable: false },
    ...(options.watch === false ? { watch: { value: undefined, enumerable: true } } : undefined),
    logger: { value: logger, enumerable: true },
  }) as EtcdClientOptions;
}

/** @param module whose `forRootAsync` is called @throws {EtcdOptionsError} if nothing makes its options */
export function checkFactory(
  module: string,
  { useFactory, useClass, useExisting }: { useFactory?: unknown; useClass?: unknown; useExisting?: unknown },
): void {
  if ((useFactory ?? useClass ?? useExisting) !== undefined) return;
  throw new EtcdOptionsError(
    'useFactory',
    `\`${module}.forRootAsync\` needs one of \`useFactory\`, \`useClass\` and \`useExisting\``,
  );
}
