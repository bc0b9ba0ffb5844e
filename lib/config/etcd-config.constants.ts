import { EtcdOptionsError, type EtcdConfig } from '../client/index.js';
import { show } from '../client/options/check.js';

/** A class that extends {@link EtcdConfigService}. */
export type EtcdConfigClass = new (...args: never[]) => Pick<EtcdConfig<unknown>, 'key' | 'value' | 'close'>;

/**
 * The name of a configuration: a text, or a class that extends {@link EtcdConfigService}, which is then what it is injected
 * by. The default one has none.
 */
export type EtcdConfigName = string | EtcdConfigClass;

/** Injection token of the options of a configuration. It belongs to the module's inside. */
export const ETCD_CONFIG_OPTIONS = 'ETCD_CONFIG_OPTIONS';

/** Marks the modules that hold a configuration. @internal */
export const ETCD_CONFIG = Symbol.for('nestjs-etcd.config');

/** The configuration of the module that asks, whatever its name. @internal */
export const ETCD_OWN_CONFIG = Symbol.for('nestjs-etcd.own-config');

/** What every module that holds a configuration knows of it. */
export interface EtcdConfigHost {
  /** `undefined` for the default one. */
  readonly name: EtcdConfigName | undefined;
}

/**
 * Injection token of a configuration, for `inject` of a factory, `app.get` and `overrideProvider`. That of the default one follows
 * the class `EtcdConfigService`: override the class, and both give the override.
 *
 * @param name as given to `EtcdConfigModule.forRoot`; leave it out for the default one
 * @throws {EtcdOptionsError} when the name is empty, or neither a text nor a class
 */
export function getEtcdConfigToken(name?: EtcdConfigName): string | EtcdConfigClass {
  if (name === undefined) return 'EtcdConfigService';
  if (typeof name === 'function') return name;
  if (typeof name !== 'string' || name === '') {
    throw new EtcdOptionsError(
      'name',
      `expected a text that is not empty, or a class that extends EtcdConfigService, got ${show(name)}; leave it out for the default configuration`,
    );
  }
  return `EtcdConfigService:${name}`;
}

/** How a configuration is called in messages. @internal */
export function describeName(name: EtcdConfigName | undefined): string {
  if (name === undefined) return 'the default configuration';
  return `the configuration ${typeof name === 'string' ? `'${name}'` : name.name}`;
}
