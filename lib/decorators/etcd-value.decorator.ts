import type { EtcdKey } from '../client/index.js';
import { checkValue, noteValue, type EtcdValueOptions } from '../config/value-definition.js';
import { blaming, nameOf } from '../explorer/decorated-method.js';

/**
 * Makes a property of a provider or a controller a value of the configuration in etcd that is always current. Reading it is a look into
 * memory; it cannot be written. It sends nothing: {@link EtcdConfigModule} follows the whole configuration.
 *
 * - It is there from `onModuleInit` on, and not yet in the constructor. Any scope will do.
 * - A value that the `schema` refuses is logged, and told on {@link EtcdConfigService.refused$}, and the last good one stays. At the start
 *   that is the `default`; without a `default`, the application does not start.
 * - In an instance that Nest has not made, it is an ordinary property, which a test can set.
 *
 * @param key below the prefix of the configuration: `/flags/new-ui` is `/config/shop/flags/new-ui` for the prefix `/config/shop`
 * @throws {EtcdOptionsError} when the class is defined; it names the option, the value and the fix
 * @example
 * @EtcdValue('/flags/new-ui', { default: false, schema: z.boolean() })
 * private readonly hasNewUi!: boolean;
 */
export function EtcdValue<T>(key: EtcdKey, options: EtcdValueOptions<T> = {}): PropertyDecorator {
  return (target, property) => {
    const owner = nameOf(target, property);
    noteValue(
      target,
      blaming(`@EtcdValue of ${owner}`, () => checkValue(owner, target, property, key, options)),
    );
  };
}
