import { EtcdOptionsError } from '../errors/index.js';
import { show } from '../options/check.js';
import type { EtcdCache } from '../watch/index.js';
import { decodeInstance, type EtcdInstance } from './instance.js';

/** What an {@link EtcdDiscovery} tells. */
export interface EtcdDiscoveryEvents {
  /** All instances, after each change of them. */
  readonly change: [instances: readonly EtcdInstance[]];
  /** What has ended it. It keeps its last instances. */
  readonly error: [error: unknown];
}

/**
 * The instances of a service, always current. It goes on giving the last ones while etcd is away. Values that are no
 * instances are left out.
 *
 * @example
 * await using web = etcd.registry('web').discover();
 * await web.ready;
 * const instance = web.pick();
 */
export class EtcdDiscovery implements Iterable<EtcdInstance>, AsyncDisposable {
  /** Resolves when the instances are known; rejects when it ends before. */
  readonly ready: Promise<void>;
  readonly #cache: EtcdCache;
  #instances: readonly EtcdInstance[] | undefined;
  #turn = 0;

  /** @internal Made by {@link EtcdRegistry.discover}. */
  constructor(cache: EtcdCache) {
    this.#cache = cache;
    this.ready = cache.ready;
    cache.on('changes', () => (this.#instances = undefined));
  }

  /** The instances, in the order of their keys. */
  get instances(): readonly EtcdInstance[] {
    return (this.#instances ??= Array.from(this.#cache.values(), ({ value = '' }) =>
      decodeInstance(value),
    ).filter((instance) => instance !== undefined));
  }

  /** One of the instances, each in its turn or by chance; `undefined` when there is none. */
  pick(how: 'round-robin' | 'random' = 'round-robin'): EtcdInstance | undefined {
    if (how !== 'round-robin' && how !== 'random')
      throw new EtcdOptionsError('how', `expected 'round-robin' or 'random', got ${show(how)}`);
    const { instances } = this;
    const place = how === 'random' ? Math.floor(Math.random() * instances.length) : this.#turn++;
    return instances[place % instances.length];
  }

  /** Calls a listener with all instances after each change, the first state included. */
  on<Name extends keyof EtcdDiscoveryEvents>(
    name: Name,
    listener: (...args: EtcdDiscoveryEvents[Name]) => void,
  ): this {
    const call = listener as (argument: unknown) => void;
    if (name === 'change') this.#cache.on('changes', () => call(this.instances));
    else this.#cache.on('error', call);
    return this;
  }

  /** The same as {@link instances}, one after the other. */
  [Symbol.iterator](): Iterator<EtcdInstance> {
    return this.instances[Symbol.iterator]();
  }

  /** Follows no more, and keeps its last instances. It never rejects, and may be called again. */
  close(): Promise<void> {
    return this.#cache.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
