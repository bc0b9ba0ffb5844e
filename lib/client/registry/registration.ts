import { randomUUID } from 'node:crypto';
import type { EtcdLease, EtcdLeaseEvents } from '../lease/index.js';
import { checkInstance, encodeInstance, type EtcdInstance } from './instance.js';

/** An instance that is registered, until it is deregistered or its process dies. */
export class EtcdRegistration implements AsyncDisposable {
  #instance: EtcdInstance;

  /** @internal Made by {@link EtcdRegistry.register}. */
  constructor(
    instance: EtcdInstance,
    private readonly lease: EtcdLease,
  ) {
    this.#instance = instance;
  }

  /** The key, such as `/services/NAME/ID`. */
  get key(): string {
    return this.lease.key;
  }

  /** What it says of itself at the moment. */
  get instance(): EtcdInstance {
    return this.#instance;
  }

  /** Whether it is registered at this moment. When it is not, it will be again as soon as that is possible. */
  get isRegistered(): boolean {
    return this.lease.isHeld;
  }

  /** Calls a listener when the registration is lost, and when it is there again. */
  on<Name extends keyof EtcdLeaseEvents>(
    name: Name,
    listener: (...args: EtcdLeaseEvents[Name]) => void,
  ): this {
    this.lease.on(name, listener);
    return this;
  }

  /** Takes back a listener. */
  off<Name extends keyof EtcdLeaseEvents>(
    name: Name,
    listener: (...args: EtcdLeaseEvents[Name]) => void,
  ): this {
    this.lease.off(name, listener);
    return this;
  }

  /**
   * Changes what is said of the instance: `PUT /v2/keys/services/NAME/ID` with `prevValue`. The id stays.
   * @throws {EtcdLeaseLostError} while it is not registered; the change is told when it is again
   */
  async update(changes: Partial<Omit<EtcdInstance, 'id'>>): Promise<void> {
    const instance = checkInstance({ ...this.#instance, ...changes, id: this.#instance.id });
    this.#instance = instance;
    await this.lease.change(encodeInstance(instance, randomUUID()));
  }

  /** Takes the instance out: `DELETE /v2/keys/services/NAME/ID?prevValue=…`. It never rejects, and may be called again. */
  async deregister(): Promise<void> {
    await this.lease.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.deregister();
  }
}
