import { EtcdOptionsError } from './client/index.js';

// Tokens are texts and registered symbols, so that the ESM and the CommonJS build in one process mean the same ones.

/**
 * Injection token of a connection's {@link EtcdModuleOptions}. It belongs to the module's inside; override it in a
 * test to send the application to another cluster. The override is for all connections of the application.
 */
export const ETCD_MODULE_OPTIONS = 'ETCD_MODULE_OPTIONS';

/** Marks the modules that hold a connection. @internal */
export const ETCD_CONNECTION = Symbol.for('nestjs-etcd.connection');

/** The service of the module that asks, whatever the name of its connection. @internal */
export const ETCD_OWN_SERVICE = Symbol.for('nestjs-etcd.own-service');

/** The subject behind a connection's `events$`. @internal */
export const ETCD_EVENTS = Symbol.for('nestjs-etcd.events');

/** What every module that holds a connection knows of it. */
export interface EtcdConnection {
  /** `undefined` for the default connection. */
  readonly name: string | undefined;
}

/**
 * Injection token of a connection's {@link EtcdService}, for `@Inject`, `app.get` and `overrideProvider`.
 *
 * A named connection has no other token. The default one's main token is the class `EtcdService`, and this one
 * follows it: override the class, and both give the override.
 *
 * @param name as given to `EtcdModule.forRoot`; leave it out for the default connection
 * @throws {EtcdOptionsError} when the name is empty or no text
 */
export function getEtcdToken(name?: string): string {
  if (name === undefined) return 'EtcdService';
  if (typeof name !== 'string' || name === '') {
    throw new EtcdOptionsError(
      'name',
      'expected a text that is not empty; leave it out for the default connection',
    );
  }
  return `EtcdService:${name}`;
}

/**
 * Injection token of a connection's {@link EtcdLeaders}. The default one's is also the class. @param name as for {@link getEtcdToken}
 */
export function getEtcdLeadersToken(name?: string): string {
  return getEtcdToken(name).replace('EtcdService', 'EtcdLeaders');
}
