import { randomUUID } from 'node:crypto';
import type { EtcdNamespace } from '../etcd-namespace.js';
import type { EtcdKey } from '../http/key-path.js';
import { checkLeaseTtl, defaultTtl } from '../lease/lease-options.js';
import { keyOf, listedKeyOf } from '../lock/lock-name.js';
import { checkNames } from '../options/check.js';
import { EtcdDiscovery } from './discovery.js';
import { checkInstance, encodeInstance, type EtcdInstanceOptions } from './instance.js';
import { EtcdRegistration } from './registration.js';

/** A registry of one service, as all who use it must agree on it. */
export interface EtcdRegistryOptions {
  /** Seconds after which an instance is gone when its process has died, a whole number from 1. @default 10 */
  readonly ttl?: number;
  /** The directory of all services. @default '/services' */
  readonly prefix?: EtcdKey;
}

const names = new Set(['ttl', 'prefix']);

/**
 * The instances of one service. Each is a key `/services/NAME/ID` with a TTL, whose value is JSON: `id`, `url`, `metadata` where
 * there is any, and `lease`, an id that makes it one that nobody else writes. Other clients can read and write the same.
 */
export class EtcdRegistry {
  readonly #etcd: Pick<EtcdNamespace, 'lease' | 'cache'>;
  /** The directory of the instances, such as `/services/NAME`. */
  readonly key: string;
  /** Seconds after which an instance is gone when its process has died. */
  readonly ttl: number;

  /** @internal Made by `registry`. */
  constructor(
    etcd: Pick<EtcdNamespace, 'lease' | 'cache'>,
    readonly name: string,
    options: EtcdRegistryOptions,
  ) {
    checkNames('options of registry', options, names);
    checkLeaseTtl(options.ttl);
    const { ttl = defaultTtl, prefix = '/services' } = options;
    this.#etcd = etcd;
    this.key = keyOf(prefix, name);
    this.ttl = ttl;
  }

  /**
   * Registers an instance for as long as this process lives: `PUT /v2/keys/services/NAME/ID` with a TTL. An older registration of
   * the same id is replaced. One that is lost, because etcd was away or somebody removed it, is made again.
   *
   * @throws {EtcdOptionsError}, and what the first request fails with
   */
  async register(options: EtcdInstanceOptions): Promise<EtcdRegistration> {
    const instance = checkInstance(options);
    const lease = await this.#etcd.lease(
      listedKeyOf(this.key, instance.id, 'id'),
      encodeInstance(instance, randomUUID()),
      { ttl: this.ttl, replace: true, whenLost: 'reacquire' },
    );
    return new EtcdRegistration(instance, lease);
  }

  /** The instances as a live list: `GET /v2/keys/services/NAME?recursive=true&quorum=true`, and a watch of the same. */
  discover(): EtcdDiscovery {
    return new EtcdDiscovery(this.#etcd.cache(this.key));
  }
}
