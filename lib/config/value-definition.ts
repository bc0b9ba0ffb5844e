import { Inject } from '@nestjs/common';
import { PROPERTY_DEPS_METADATA } from '@nestjs/common/constants.js';
import { EtcdOptionsError, type EtcdConfigValueOptions, type EtcdKey } from '../client/index.js';
import { checkValueOptions } from '../client/config/config-value.js';
import { normalizeKey } from '../client/http/key-path.js';
import { checkNames, show } from '../client/options/check.js';
import { getEtcdConfigToken, type EtcdConfigName } from './etcd-config.constants.js';
import { bindValue } from './value-property.js';

/** Options of `@EtcdValue`. */
export interface EtcdValueOptions<T> extends EtcdConfigValueOptions<T> {
  /** Name of the configuration, as given to `EtcdConfigModule.forRoot`. @default the default one */
  readonly config?: EtcdConfigName;
}

/** One `@EtcdValue`, as its arguments were checked. */
export interface ValueDefinition {
  /** `Class#property`. */
  readonly owner: string;
  readonly property: string | symbol;
  /** Below the prefix of the configuration. */
  readonly key: string;
  readonly config: EtcdConfigName | undefined;
  readonly options: EtcdConfigValueOptions<unknown>;
}

const names = new Set(['default', 'schema', 'config']);
const metadataKey = Symbol.for('nestjs-etcd.values');

/** Checks the arguments. @throws {EtcdOptionsError} which names the option, the value and the fix */
export function checkValue(
  owner: string,
  target: object,
  property: unknown,
  key: EtcdKey,
  options: EtcdValueOptions<unknown>,
): ValueDefinition {
  checkPlace(target, property);
  checkNames('options of @EtcdValue', options, names);
  const { config, ...rest } = options;
  getEtcdConfigToken(config);
  checkValueOptions(rest);
  return { owner, property, key: normalizeKey(key), config, options: rest };
}

/**
 * Notes a definition, and lets Nest inject the configuration behind the back of the class: into a setter, because class fields
 * hide what a prototype says of them, and an instance has its fields before Nest injects into its properties.
 */
export function noteValue(prototype: object, definition: ValueDefinition): void {
  const noted = (Reflect.getOwnMetadata(metadataKey, prototype) ?? []) as readonly ValueDefinition[];
  Reflect.defineMetadata(metadataKey, [...noted, definition], prototype);
  const hidden = Symbol.for(`nestjs-etcd.value.${String(definition.property)}`);
  Object.defineProperty(prototype, hidden, {
    configurable: true,
    set(this: object, config: object) {
      bindValue(this, config, definition);
    },
  });
  Inject(getEtcdConfigToken(definition.config))(prototype, hidden);
  forgetInherited(prototype.constructor, hidden);
}

/** Nest 11 goes on injecting for the class that is extended too, which would give the setter the configuration of that one. */
function forgetInherited(owner: object, property: symbol): void {
  const known = (Reflect.getOwnMetadata(PROPERTY_DEPS_METADATA, owner) ?? []) as readonly { key: unknown }[];
  const last = known.findLastIndex(({ key }) => key === property);
  const left = known.filter(({ key }, i) => key !== property || i === last);
  Reflect.defineMetadata(PROPERTY_DEPS_METADATA, left, owner);
}

/** The definitions of a class and of those that it extends; of one property, that of the class itself. */
export function valuesOf(prototype: object | null): ValueDefinition[] {
  const found = new Map<string | symbol, ValueDefinition>();
  for (let link = prototype; link !== null; link = Object.getPrototypeOf(link) as object | null) {
    const noted = (Reflect.getOwnMetadata(metadataKey, link) ?? []) as readonly ValueDefinition[];
    for (const definition of noted)
      if (!found.has(definition.property)) found.set(definition.property, definition);
  }
  return [...found.values()];
}

function checkPlace(target: object, property: unknown): asserts property is string | symbol {
  const problem =
    typeof target === 'function'
      ? 'a static property, for which there is no instance; make it a property of the instance'
      : typeof property !== 'string' && typeof property !== 'symbol'
        ? `${property === undefined ? 'no property' : show(property)}; put it on a property`
        : Object.hasOwn(target, property)
          ? 'a method or an accessor; put it on a property'
          : undefined;
  if (problem !== undefined) throw new EtcdOptionsError('EtcdValue', `it stands on ${problem}`);
}
