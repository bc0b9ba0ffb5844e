import { Logger } from '@nestjs/common';
import {
  EtcdClient,
  type EtcdConfigObject,
  type EtcdKey,
  type EtcdLogger,
  type EtcdNamespace,
} from '../client/index.js';
import { configOptionNames, resolveConfigOptions } from '../client/config/config-options.js';
import { normalizeKey } from '../client/http/key-path.js';
import { checkNames } from '../client/options/check.js';
import { checkLogger } from '../client/options/resolve-options.js';
import type { EtcdConfigClient, EtcdConfigLoaderOptions } from './etcd-config-options.interface.js';
import { EtcdConfigService } from './etcd-config.service.js';
import { liveView } from './live-view.js';
import { objectSchema } from './object-schema.js';

/** Loads a configuration, and gives what is always its current value. It needs nothing of Nest's to be called. */
export type EtcdConfigLoader<T> = () => Promise<T>;

const names = new Set([...configOptionNames, 'client', 'logger']);

/**
 * A loader for `load` and `registerAs` of `@nestjs/config`: `GET /v2/keys/PREFIX?recursive=true&quorum=true`. With `registerAs` it follows
 * etcd: `ConfigService.get` and the object that is injected have the current values, from `onApplicationBootstrap` until the application closes.
 *
 * @throws {EtcdOptionsError}, {@link EtcdInvalidKeyError}. The loader rejects when the configuration cannot be loaded, and says why.
 * @example
 * const shop = registerAs('shop', etcdConfig('/config/shop', { schema: Shop, client: () => ({ hosts: process.env['ETCD_HOSTS'] }) }));
 * ConfigModule.forRoot({ load: [shop] });
 * configService.get('shop.db.host');
 */
export function etcdConfig<T extends object = EtcdConfigObject>(
  prefix: EtcdKey,
  options: EtcdConfigLoaderOptions<T> = {},
): EtcdConfigLoader<T> {
  const key = normalizeKey(prefix);
  checkNames('options of etcdConfig', options, names);
  const { client, logger = new Logger('EtcdConfig'), ...rest } = options;
  checkLogger(logger);
  resolveConfigOptions(rest);
  const { schema } = rest;
  const checked = schema === undefined ? rest : { ...rest, schema: objectSchema(key, schema) };
  return async () => {
    const given = typeof client === 'function' ? await client() : (client ?? {});
    const { etcd, close } = clientOf(given, logger);
    const config = new EtcdConfigService<T>(etcd, logger, key, checked);
    try {
      await config.ready;
      await config.hold();
    } catch (cause) {
      await config.close();
      await close();
      throw new Error(`The configuration of ${key} could not be loaded: ${(cause as Error).message}`, {
        cause,
      });
    }
    return liveView(config, async () => {
      await config.close();
      await close();
    });
  };
}

/** The client, and how it is closed: one that was given is closed by who has made it. */
function clientOf(
  given: EtcdConfigClient,
  logger: EtcdLogger,
): { etcd: Pick<EtcdNamespace, 'cache'>; close: () => Promise<void> } {
  if ('cache' in given) return { etcd: given, close: () => Promise.resolve() };
  const etcd = new EtcdClient({ logger, ...given }, 'config');
  return { etcd, close: () => etcd.close() };
}
