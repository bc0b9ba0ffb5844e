import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import {
  EtcdConfig,
  type EtcdConfigChange,
  type EtcdConfigObject,
  type EtcdConfigOptions,
  type EtcdConfigRefusal,
  type EtcdKey,
  type EtcdLogger,
  type EtcdNamespace,
} from '../client/index.js';
import { propertyOf } from './value-property.js';
import type { ValueDefinition } from './value-definition.js';

/**
 * An {@link EtcdConfig} that lives as long as its Nest application. {@link EtcdConfigModule} makes one for each prefix, and has loaded
 * it before anything that injects it is made. It follows etcd from `onApplicationBootstrap`, so that an application that does not start
 * leaves nothing open, until the last phase of the shutdown.
 *
 * @example
 * constructor(private readonly config: EtcdConfigService<Shop>) {}
 * @example
 * // With a name of its own: `EtcdConfigModule.forRoot({ name: ShopConfig, … })`
 * class ShopConfig extends EtcdConfigService<Shop> {}
 */
export class EtcdConfigService<T = EtcdConfigObject>
  extends EtcdConfig<T>
  implements OnApplicationBootstrap, OnApplicationShutdown
{
  /** Each new state, when everything that reads the configuration sees it. It is hot, and completes with the application. */
  readonly changes$: Observable<EtcdConfigChange<T>>;
  /** Each state, and each value of an `@EtcdValue`, that is kept out. It is hot, and completes with the application. */
  readonly refused$: Observable<EtcdConfigRefusal>;
  readonly #changes = new Subject<EtcdConfigChange<T>>();
  readonly #refused = new Subject<EtcdConfigRefusal>();
  readonly #properties = new Map<ValueDefinition, PropertyDescriptor>();

  /** @internal Made by {@link EtcdConfigModule}. */
  constructor(
    etcd: Pick<EtcdNamespace, 'cache'>,
    logger: EtcdLogger,
    prefix: EtcdKey,
    options: EtcdConfigOptions<T> = {},
  ) {
    super(etcd, logger, prefix, options);
    this.changes$ = this.#changes.asObservable();
    this.refused$ = this.#refused.asObservable();
    this.on('change', (change) => this.#changes.next(change));
    this.on('refused', (refusal) => this.#refused.next(refusal));
  }

  /** @internal What a property with `@EtcdValue` becomes: the same for all instances, so that each of them costs nothing. */
  propertyOf(definition: ValueDefinition): PropertyDescriptor {
    const known = this.#properties.get(definition);
    if (known !== undefined) return known;
    const property = propertyOf(this, definition);
    this.#properties.set(definition, property);
    return property;
  }

  override async close(): Promise<void> {
    await super.close();
    this.#changes.complete();
    this.#refused.complete();
  }

  /** Takes what has changed since it was loaded, and begins to follow. */
  onApplicationBootstrap(): void {
    this.resume();
  }

  /** Follows no more, and writes the snapshot. It never rejects. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}
