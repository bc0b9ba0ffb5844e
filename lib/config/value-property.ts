import { EtcdDecodeError, type EtcdConfig } from '../client/index.js';
import { valueAt } from '../client/config/config-tree.js';
import type { ValueDefinition } from './value-definition.js';

/** The part of a configuration that has properties at hand. What a test puts in its place need only have a `value`. */
interface PropertySource {
  propertyOf?(definition: ValueDefinition): PropertyDescriptor;
  readonly value?: unknown;
}

/**
 * Makes a property of an instance the current value.
 *
 * @throws {EtcdDecodeError} when it is refused already, and there is no default
 */
export function bindValue(instance: object, config: PropertySource, definition: ValueDefinition): void {
  const descriptor = config.propertyOf?.(definition) ?? readOnly(() => standIn(config, definition));
  Object.defineProperty(instance, definition.property, descriptor);
}

/** @throws {EtcdDecodeError} when the value is refused already, and there is no default */
export function propertyOf(
  config: Pick<EtcdConfig<unknown>, 'select'>,
  { owner, key, options }: ValueDefinition,
): PropertyDescriptor {
  try {
    const selected = config.select(key, options);
    return readOnly(() => selected.current);
  } catch (error) {
    if (!(error instanceof EtcdDecodeError)) throw error;
    throw new EtcdDecodeError(
      error.key,
      `${error.message.replace(/^The value of .*? cannot be decoded: /, '')} (@EtcdValue of ${owner}). Correct it in etcd, or give a \`default\``,
    );
  }
}

function readOnly(get: () => unknown): PropertyDescriptor {
  return { configurable: true, enumerable: true, get };
}

function standIn(config: PropertySource, { key, options }: ValueDefinition): unknown {
  return valueAt(config.value, key) ?? options.default;
}
