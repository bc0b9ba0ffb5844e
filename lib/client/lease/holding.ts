import {
  EtcdClosedError,
  EtcdCompareFailedError,
  EtcdLeaseLostError,
  type EtcdLeaseLossReason,
} from '../errors/index.js';
import type { EtcdNode } from '../keys/index.js';
import type { Held, LeaseContext } from './lease-context.js';
import { isForeign, isGone, removeOwn } from './remove-own.js';

/** A lease ends for its holder so long before it ends for etcd: a part of its TTL, and milliseconds at most. */
const margin = 0.1;
const longestMargin = 5_000;
/** It is renewed after a part of its TTL, a little earlier by chance. */
const renewalPart = 1 / 3;
const renewalJitter = 0.15;
/** Pauses after a renewal that failed, in milliseconds. */
const shortestPause = 50;
const longestPause = 1_000;
/** The deadline is compared with the clock this many times in a TTL, in case that clock leaps ahead. */
const looks = 10;
/** Only what is held for longer than so many milliseconds watches its key, so that short locks cost no more requests. */
const guardDelay = 250;
/** etcd removes what has expired up to half a second late, and later when its leader is lost. */
const sweep = 1_000;

/** A key that was just made, or taken over, with a TTL. */
export interface Grant {
  /** The node as the answer told it. */
  readonly node: Pick<EtcdNode, 'key' | 'createdIndex' | 'modifiedIndex'>;
  /** A value that no other owner writes. */
  readonly value: string;
  /** In seconds. */
  readonly ttl: number;
  /** When the request was sent, on the context's clock. */
  readonly sentAt: number;
}

/**
 * One uninterrupted time in which a key with a TTL is ours. It renews it, and knows before etcd does when that has failed:
 * its deadline counts from when the last successful renewal was sent, so that it has passed before anybody else can
 * have the key.
 */
export class Holding implements Held {
  readonly key: string;
  readonly ttl: number;
  /** Stays the same for as long as the key lives, and is higher for each one that comes later. */
  readonly createdIndex: number;
  readonly #context: LeaseContext;
  readonly #lost = new AbortController();
  /** Aborted at any end, so that nothing is sent for it any more. */
  readonly #over = new AbortController();
  readonly #firstIndex: number;
  #value: string;
  /** The value that the key may have instead: one that was swapped in without an answer. */
  #otherValue: string | undefined;
  #sentAt: number;
  #failures = 0;
  #renewing: Promise<void> | undefined;
  /** The last renewal or swap, behind which the next one waits. */
  #turn: Promise<unknown> = Promise.resolve();
  #released: Promise<boolean> | undefined;
  readonly #timers = new Map<'renewal' | 'deadline' | 'guard', () => void>();

  constructor(context: LeaseContext, { node, value, ttl, sentAt }: Grant) {
    this.#context = context;
    this.key = node.key;
    this.ttl = ttl;
    this.createdIndex = node.createdIndex;
    this.#firstIndex = node.modifiedIndex;
    this.#value = value;
    this.#sentAt = sentAt;
    context.held.add(this);
    this.#look();
    this.#scheduleRenewal();
  }

  /** Aborted, with an {@link EtcdLeaseLostError}, when it is lost: before anybody else can have the key. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  get value(): string {
    return this.#value;
  }

  /** Whether the key is ours at this moment. */
  get isHeld(): boolean {
    return !this.#isOver();
  }

  /** Milliseconds until it is lost, if it is not renewed; 0 when it is not held. */
  get remaining(): number {
    return this.#isOver() ? 0 : this.#deadline - this.#context.clock.now();
  }

  /**
   * Renews it now: `PUT /v2/keys/KEY` with `refresh=true&prevExist=true&prevValue=…`. One that is under way is joined.
   * @throws {EtcdLeaseLostError}, and what the request fails with while the lease is still held
   */
  renew(): Promise<void> {
    this.#renewing ??= this.#inTurn(() => this.#renew()).finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  /** Gives the key another value, which nobody else writes: `PUT /v2/keys/KEY` with `prevValue`. @throws as {@link renew} */
  change(value: string): Promise<void> {
    return this.#inTurn(() => this.#change(value));
  }

  /** Watches the key from now on, if it is held for some time, so that it is known at once when somebody removes it. */
  guard(): void {
    if (this.#isOver() || this.#timers.has('guard')) return;
    this.#timers.set(
      'guard',
      this.#context.clock.after(guardDelay, () => void this.#guard()),
    );
  }

  /**
   * Gives it up and removes the key. When etcd does not answer in time, trying goes on until the key would expire.
   * @returns whether the key was removed by this. It never rejects, and may be called again.
   */
  release(): Promise<boolean> {
    return (this.#released ??= this.#release());
  }

  /** Gives it up while somebody may still use it: {@link signal} tells that first. */
  abandon(): Promise<boolean> {
    this.#lose('released');
    return this.release();
  }

  async close(): Promise<void> {
    this.#lose('closed');
    await this.release();
  }

  /** Takes in that etcd has said so. */
  lose(reason: 'removed' | 'taken'): EtcdLeaseLostError {
    return this.#lose(reason);
  }

  get #deadline(): number {
    const life = this.ttl * 1_000;
    return this.#sentAt + life - Math.min(life * margin, longestMargin);
  }

  #isOver(): boolean {
    if (!this.#over.signal.aborted && this.#context.clock.now() >= this.#deadline) this.#lose('expired');
    return this.#over.signal.aborted;
  }

  #throwIfOver(): void {
    if (!this.#isOver()) return;
    this.#lost.signal.throwIfAborted();
    throw new EtcdLeaseLostError(this.key, 'released');
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #renew(): Promise<void> {
    this.#throwIfOver();
    try {
      await this.#refresh();
      this.#failures = 0;
    } catch (error) {
      if (this.#over.signal.aborted) this.#throwIfOver();
      if (isForeign(error)) throw this.#lose(isGone(error) ? 'removed' : 'taken', error);
      this.#failures++;
      throw error;
    } finally {
      this.#scheduleRenewal();
    }
    this.#throwIfOver();
  }

  async #refresh(): Promise<void> {
    const { keys } = this.#context;
    const other = this.#otherValue;
    try {
      await this.#send((options) =>
        keys.refresh(this.key, this.ttl, { ...options, prevValue: this.#value, idempotent: true }),
      );
    } catch (error) {
      if (other === undefined || !(error instanceof EtcdCompareFailedError)) throw error;
      await this.#send((options) =>
        keys.refresh(this.key, this.ttl, { ...options, prevValue: other, idempotent: true }),
      );
      this.#otherValue = this.#value;
      this.#value = other;
    }
  }

  async #change(value: string): Promise<void> {
    this.#throwIfOver();
    const { keys } = this.#context;
    const prevValue = this.#value;
    this.#otherValue = value;
    try {
      await this.#send((options) =>
        keys.compareAndSwap(this.key, value, { ...options, prevValue, ttl: this.ttl, uniqueValue: true }),
      );
      this.#value = value;
      this.#otherValue = undefined;
    } catch (error) {
      if (this.#over.signal.aborted) this.#throwIfOver();
      if (isForeign(error)) throw this.#lose(isGone(error) ? 'removed' : 'taken', error);
      throw error;
    }
  }

  /** Sends what makes the key live longer, for as long as there is still time for it. */
  async #send(
    request: (options: { timeout: number; signal: AbortSignal }) => Promise<{ node: EtcdNode }>,
  ): Promise<void> {
    const sentAt = this.#context.clock.now();
    const timeout = Math.max(1, this.#deadline - sentAt);
    const { node } = await request({ timeout, signal: this.#over.signal });
    if (node.createdIndex !== this.createdIndex) throw this.#lose('taken');
    this.#sentAt = Math.max(this.#sentAt, sentAt);
  }

  #scheduleRenewal(): void {
    if (this.#over.signal.aborted) return;
    const { clock } = this.#context;
    const interval = this.ttl * 1_000 * renewalPart * (1 - renewalJitter * Math.random());
    const due = this.#sentAt + interval - clock.now();
    const rest = Math.min(longestPause, shortestPause * 2 ** (this.#failures - 1));
    this.#timers.get('renewal')?.();
    this.#timers.set(
      'renewal',
      // Its failure is known by the deadline.
      clock.after(this.#failures === 0 ? due : rest, () => void this.renew().catch(() => undefined)),
    );
  }

  /** Looks at the clock until the deadline has passed. */
  #look(): void {
    if (this.#isOver()) return;
    const { clock } = this.#context;
    const slice = (this.ttl * 1_000) / looks;
    this.#timers.set(
      'deadline',
      clock.after(Math.min(slice, this.#deadline - clock.now()), () => this.#look()),
    );
  }

  async #guard(): Promise<void> {
    const { signal } = this.#over;
    try {
      const options = { waitIndex: this.#firstIndex + 1, signal };
      for await (const event of this.#context.keys.watch(this.key, options)) {
        const isGoneNow = event.action !== 'resync' && event.gone;
        const node = isGoneNow ? undefined : event.node;
        if (node === undefined) return void this.#lose('removed');
        const isOurs = node.value === this.#value || node.value === this.#otherValue;
        if (!isOurs || node.createdIndex !== this.createdIndex) return void this.#lose('taken');
      }
    } catch {
      // Without it, the next renewal tells.
    }
  }

  #lose(loss: EtcdLeaseLossReason, cause?: unknown): EtcdLeaseLostError {
    const error = new EtcdLeaseLostError(this.key, loss, { cause });
    if (this.#over.signal.aborted) return error;
    this.#end(error);
    this.#lost.abort(error);
    if (loss !== 'closed' && loss !== 'released') this.#context.logger.warn(error.message);
    this.#context.held.delete(this);
    return error;
  }

  #end(reason: unknown): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#over.abort(reason);
  }

  async #release(): Promise<boolean> {
    const { clock, held, timeout } = this.#context;
    const { reason } = this.#lost.signal;
    this.#end(new EtcdClosedError());
    held.delete(this);
    const isAnothers = reason instanceof EtcdLeaseLostError && !mayStillExist.has(reason.loss);
    const until = this.#sentAt + this.ttl * 1_000 + sweep;
    if (isAnothers || clock.now() >= until) return false;
    const removal = this.#remove(until);
    const removing: Held = { close: async () => void (await removal) };
    held.add(removing);
    return new Promise((resolve) => {
      const cancel = clock.after(timeout, () => resolve(false));
      void removal.then((removed) => {
        cancel();
        held.delete(removing);
        resolve(removed);
      });
    });
  }

  async #remove(until: number): Promise<boolean> {
    if (await removeOwn(this.#context, this.key, this.#value, until)) return true;
    const other = this.#otherValue;
    return other !== undefined && removeOwn(this.#context, this.key, other, until);
  }
}

/** After these losses the key may still be there. */
const mayStillExist: ReadonlySet<EtcdLeaseLossReason> = new Set(['expired', 'closed', 'released']);
