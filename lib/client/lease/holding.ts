import { EtcdClosedError, EtcdLeaseLostError, type EtcdLeaseLossReason } from '../errors/index.js';
import type { EtcdNode } from '../keys/index.js';
import type { Held, LeaseContext } from './lease-context.js';
import { longestTimer } from './clock.js';
import { OwnKey, type Limits } from './own-key.js';
import { tellLost, tellRenewed } from './tell.js';
import { longestPause, shortestPause } from './trying.js';

/** A lease ends for its holder so long before it ends for etcd: a part of its TTL, and milliseconds at most. */
const margin = 0.1;
const longestMargin = 5_000;
/** It is renewed after a part of its TTL, a little earlier by chance. */
const renewalPart = 1 / 3;
const renewalJitter = 0.15;
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
  readonly ttl: number;
  readonly #context: LeaseContext;
  readonly #own: OwnKey;
  readonly #lost = new AbortController();
  /** Aborted at any end, so that nothing is sent for it any more. */
  readonly #over = new AbortController();
  #sentAt: number;
  #failures = 0;
  #renewing: Promise<void> | undefined;
  /** The last renewal or change, behind which the next one waits. */
  #turn: Promise<unknown> = Promise.resolve();
  #released: Promise<boolean> | undefined;
  readonly #timers = new Map<'renewal' | 'deadline' | 'guard', () => void>();

  constructor(context: LeaseContext, { node, value, ttl, sentAt }: Grant) {
    this.#context = context;
    this.#own = new OwnKey(context, node, value);
    this.ttl = ttl;
    this.#sentAt = sentAt;
    context.held.add(this);
    this.#look();
    this.#scheduleRenewal();
  }

  get key(): string {
    return this.#own.key;
  }

  /** Stays the same for as long as the key lives, and is higher for each one that comes later. */
  get createdIndex(): number {
    return this.#own.createdIndex;
  }

  /** Aborted, with an {@link EtcdLeaseLostError}, when it is lost: in time, unless somebody else removes or overwrites the key. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Aborted at any end, with the {@link EtcdLeaseLostError} where it is lost. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get value(): string {
    return this.#own.value;
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
   * Renews it now: `PUT /v2/keys/KEY` with `refresh=true&prevExist=true&prevValue=…&prevIndex=…`. One that is under way is joined.
   * @throws {EtcdLeaseLostError}, and what the request fails with while the lease is still held
   */
  renew(): Promise<void> {
    this.#renewing ??= this.#inTurn(() => this.#own.refresh(this.ttl, this.#limits)).finally(
      () => (this.#renewing = undefined),
    );
    return this.#renewing;
  }

  /** Gives the key another value, which nobody else writes: `PUT /v2/keys/KEY` with `prevValue`. @throws as {@link renew} */
  change(value: string): Promise<void> {
    return this.#inTurn(() => this.#own.change(value, this.ttl, this.#limits));
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

  /** Sends what makes the key live longer. @param work tells when it was sent */
  #inTurn(work: () => Promise<number>): Promise<void> {
    const turn = this.#turn.then(() => this.#prolong(work));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #prolong(work: () => Promise<number>): Promise<void> {
    this.#throwIfOver();
    try {
      this.#sentAt = Math.max(this.#sentAt, await work());
      this.#failures = 0;
    } catch (error) {
      if (this.#over.signal.aborted) this.#throwIfOver();
      if (error instanceof EtcdLeaseLostError) throw this.#lose(error.loss, error.cause);
      if (error instanceof EtcdClosedError) throw this.#lose('closed');
      this.#failures++;
      throw error;
    } finally {
      this.#scheduleRenewal();
    }
    this.#throwIfOver();
    tellRenewed(this.#context, this);
  }

  /** For as long as there is still time for it. */
  readonly #limits = (): Limits => ({
    timeout: Math.min(longestTimer, Math.max(1, this.#deadline - this.#context.clock.now())),
    signal: this.#over.signal,
  });

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
      const options = { waitIndex: this.#own.index + 1, signal };
      for await (const event of this.#context.keys.watch(this.key, options)) {
        const loss = this.#own.lossIn(event);
        if (loss !== undefined) return void this.#lose(loss);
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
    if (loss !== 'closed' && loss !== 'released') {
      this.#context.logger.warn(error.message);
      tellLost(this.#context, this, loss);
    }
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
    const removal = this.#own.remove(until);
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
}

/** After these losses the key may still be there. */
const mayStillExist: ReadonlySet<EtcdLeaseLossReason> = new Set(['expired', 'closed', 'released']);
