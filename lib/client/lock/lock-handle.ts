import type { Holding } from '../lease/holding.js';
import { tokenOf } from './lock-name.js';

/** What a handle tells the lock that it is of. @internal */
export interface HandleOwner {
  /** Calls code that then runs under the lock. */
  enter(lock: EtcdLockHandle, code: () => unknown): unknown;
  /** The lock was given back. */
  left(): void;
}

/** A lock that is held, until it is released or lost. */
export class EtcdLockHandle implements AsyncDisposable {
  readonly #holding: Holding;
  readonly #owner: HandleOwner;

  /** @internal Made by {@link EtcdNamedLock}. @param name the lock's name */
  constructor(
    readonly name: string,
    holding: Holding,
    owner: HandleOwner,
  ) {
    this.#holding = holding;
    this.#owner = owner;
  }

  /** The entry in the lock's queue, such as `/_locks/NAME/00000000000000000042`. */
  get key(): string {
    return this.#holding.key;
  }

  /** The value of the entry, by which another process can take it over: see {@link EtcdNamedLock.takeOver}. */
  get uuid(): string {
    return this.#holding.value;
  }

  /** In seconds. */
  get ttl(): number {
    return this.#holding.ttl;
  }

  /**
   * A number that grows with every holder: the store index of the entry. What is protected can refuse whoever comes with a
   * lower one than it has seen, because that holder was stopped for too long and does not know it yet. Who takes a lock over
   * has its token too.
   */
  get fencingToken(): number {
    return tokenOf(this.#holding);
  }

  /**
   * Aborted, with an {@link EtcdLeaseLostError}, when the lock is lost. When it cannot be renewed, that is before anybody else can
   * have it; when its entry is deleted or taken over by somebody, a moment after.
   */
  get signal(): AbortSignal {
    return this.#holding.signal;
  }

  /** Whether it is held at this moment, by this process's own clock. */
  get isHeld(): boolean {
    return this.#holding.isHeld;
  }

  /** Milliseconds until it is lost, if it is not renewed; 0 when it is not held. */
  get remaining(): number {
    return this.#holding.remaining;
  }

  /** Calls code that then counts as running under the lock: it is refused the same lock once more, as within `run`. */
  enter<T>(code: () => T): T {
    return this.#owner.enter(this, code) as T;
  }

  /**
   * Renews it now: `PUT /v2/keys/KEY` with `refresh=true&prevExist=true&prevValue=UUID&prevIndex=…`. It is renewed by itself, too, every
   * third of its TTL. @throws {EtcdLeaseLostError} when it is not held any more
   */
  renew(): Promise<void> {
    return this.#holding.renew();
  }

  /**
   * Gives it back: `DELETE /v2/keys/KEY?prevValue=UUID&prevIndex=…`. It never rejects, and may be called again.
   * @returns whether the entry was removed by this; when etcd does not answer, trying goes on until the entry expires
   */
  async release(): Promise<boolean> {
    const removed = await this.#holding.release();
    this.#owner.left();
    return removed;
  }

  /** Gives it back while what runs under it goes on: {@link signal} is aborted first. It never rejects. @returns as {@link release} */
  async abandon(): Promise<boolean> {
    const removed = await this.#holding.abandon();
    this.#owner.left();
    return removed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
