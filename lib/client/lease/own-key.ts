import {
  EtcdClosedError,
  EtcdCompareFailedError,
  EtcdLeaseLostError,
  type EtcdLeaseLossReason,
} from '../errors/index.js';
import type { EtcdNode } from '../keys/index.js';
import type { EtcdEvent } from '../watch/events.js';
import { pause } from './clock.js';
import type { LeaseContext } from './lease-context.js';
import { isForeign, isGone, jittered, longestPause, mayBeDone, shortestPause } from './trying.js';

/** Values that are longer, as they are sent, stand in no request line. */
const longestInLine = 1_000;

/** Within what a request has to end. */
export interface Limits {
  readonly timeout: number;
  readonly signal?: AbortSignal;
}

/**
 * A key of ours, as far as is known of it. Whatever is written to it, its renewals too, is compared with its last
 * `modifiedIndex`: what etcd does long after it was sent then finds another index, and neither brings back an older value nor
 * an older time to live. A write whose answer was lost is settled by reading the key.
 */
export class OwnKey {
  readonly key: string;
  readonly createdIndex: number;
  readonly #context: LeaseContext;
  #value: string;
  #index: number;
  /** Values that the key has instead, if a write has come through whose answer was lost. */
  readonly #others = new Set<string>();

  /** @param value one that no other owner writes */
  constructor(
    context: LeaseContext,
    { key, createdIndex, modifiedIndex }: Pick<EtcdNode, 'key' | 'createdIndex' | 'modifiedIndex'>,
    value: string,
  ) {
    this.#context = context;
    this.key = key;
    this.createdIndex = createdIndex;
    this.#value = value;
    this.#index = modifiedIndex;
  }

  get value(): string {
    return this.#value;
  }

  /** The store index of what was last heard of it. */
  get index(): number {
    return this.#index;
  }

  /** Gives it a new time to live. @returns when that was sent. @throws {EtcdLeaseLostError} when it is not ours any more */
  async refresh(ttl: number, limits: () => Limits): Promise<number> {
    for (;;) {
      const sentAt = this.#context.clock.now();
      try {
        const options = { ...limits(), ...this.#condition, idempotent: true };
        const { node } = await this.#context.keys.refresh(this.key, ttl, options);
        this.#take(node, this.#value);
        return sentAt;
      } catch (error) {
        await this.#settle(error, limits());
      }
    }
  }

  /**
   * Gives it another value, and a new time to live.
   * @returns when that was sent; 0 when that is not known. @throws {EtcdLeaseLostError} when it is not ours any more
   */
  async change(value: string, ttl: number, limits: () => Limits): Promise<number> {
    for (;;) {
      const sentAt = this.#context.clock.now();
      const condition = this.#condition;
      this.#others.add(value);
      try {
        const options = { ...limits(), ...condition, ttl, uniqueValue: true };
        const { node } = await this.#context.keys.compareAndSwap(this.key, value, options);
        this.#take(node, value);
        return sentAt;
      } catch (error) {
        await this.#settle(error, limits());
        if (this.#value === value) return 0;
      }
    }
  }

  /** What an event says of it: that it is lost, or nothing. */
  lossIn(event: EtcdEvent): EtcdLeaseLossReason | undefined {
    // Later news of it have come by other ways.
    if (event.action === 'resync' ? event.index < this.#index : event.index <= this.#index) return undefined;
    const node = event.action !== 'resync' && event.gone ? undefined : event.node;
    if (node === undefined) return 'removed';
    return this.#isOurs(node, node.value) ? undefined : 'taken';
  }

  /**
   * Removes it, and tries again until it is gone or would be gone by itself. It never rejects.
   * @param until when it expires, on the context's clock. @returns whether this has removed it
   */
  async remove(until: number): Promise<boolean> {
    const { keys, clock, timeout } = this.#context;
    let isInDoubt = false;
    for (let wait = shortestPause; ; wait = Math.min(longestPause, 2 * wait)) {
      try {
        await keys.compareAndDelete(this.key, { ...this.#shortCondition, timeout });
        return true;
      } catch (error) {
        try {
          await this.#settle(error, { timeout });
          continue;
        } catch (settled) {
          // After a try whose answer was lost, that it is gone is what was wanted.
          if (settled instanceof EtcdLeaseLostError) return isInDoubt && settled.loss === 'removed';
          if (settled instanceof EtcdClosedError) return false;
          isInDoubt ||= mayBeDone(error);
        }
      }
      if (clock.now() + wait >= until) return false;
      await pause(clock, jittered(wait));
    }
  }

  get #condition(): { readonly prevValue: string; readonly prevIndex: number } {
    return { prevValue: this.#value, prevIndex: this.#index };
  }

  /** For what stands in a request line. The index alone tells a key well enough, but for a store that was restored. */
  get #shortCondition(): { readonly prevValue?: string; readonly prevIndex: number } {
    const { prevValue, prevIndex } = this.#condition;
    return encodeURIComponent(prevValue).length > longestInLine ? { prevIndex } : { prevValue, prevIndex };
  }

  #isOurs({ createdIndex }: EtcdNode, value: string | undefined): boolean {
    if (createdIndex !== this.createdIndex || value === undefined) return false;
    return value === this.#value || this.#others.has(value);
  }

  /** Returns when it has turned out that the key is ours, and differs from what was known. @throws all else */
  async #settle(error: unknown, limits: Limits): Promise<void> {
    if (isGone(error)) throw new EtcdLeaseLostError(this.key, 'removed', { cause: error });
    if (!(error instanceof EtcdCompareFailedError)) throw error;
    const before = this.#index;
    try {
      const { node } = await this.#context.keys.get(this.key, { quorum: true, ...limits });
      this.#take(node, node.value);
    } catch (reason) {
      if (isForeign(reason)) throw new EtcdLeaseLostError(this.key, 'removed', { cause: reason });
      throw reason;
    }
    if (this.#index === before) throw error;
  }

  /** Takes in what the key is. @throws {EtcdLeaseLostError} when that is not ours */
  #take(node: EtcdNode, value: string | undefined): void {
    if (!this.#isOurs(node, value)) throw new EtcdLeaseLostError(this.key, 'taken');
    if (node.modifiedIndex <= this.#index) return;
    this.#index = node.modifiedIndex;
    this.#value = value as string;
    // What was sent before is compared with an index that is no more.
    this.#others.clear();
  }
}
