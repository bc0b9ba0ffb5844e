import { traceOperation } from '../diagnostics/trace-operation.js';
import type { EtcdLeaseLostError } from '../errors/index.js';
import { normalizeKey, type EtcdKey } from '../http/key-path.js';
import { checkText, showType } from '../options/check.js';
import { Listeners } from '../watch/listeners.js';
import { pause } from './clock.js';
import { Holding } from './holding.js';
import { holdWhile, type Held, type LeaseContext } from './lease-context.js';
import { checkLeaseOptions, defaultTtl, type EtcdLeaseOptions } from './lease-options.js';
import { removeOwn } from './remove-own.js';
import { jittered, mayBeDone } from './trying.js';

/** Pauses between attempts to have the key again: from so many milliseconds up to a part of the TTL. */
const shortestPause = 100;
const longestPausePart = 1 / 3;

/** What an {@link EtcdLease} tells. */
export interface EtcdLeaseEvents {
  readonly lost: [error: EtcdLeaseLostError];
  /** The key was made again, with `whenLost: 'reacquire'`. */
  readonly regained: [];
}

/**
 * A key that lives while its owner does: it has a TTL, and is renewed until it is released. Whoever holds it knows of its
 * loss before etcd lets anybody else have it. Its value should be one that nobody else writes, because it proves whose it is.
 *
 * @example
 * await using lease = await etcd.lease('/workers/7', randomUUID(), { ttl: 10 });
 * lease.signal.addEventListener('abort', () => console.log('no longer ours'));
 */
export class EtcdLease implements Held, AsyncDisposable {
  readonly key: string;
  /** In seconds. */
  readonly ttl: number;
  readonly #context: LeaseContext;
  readonly #options: EtcdLeaseOptions;
  readonly #listeners: Listeners;
  readonly #ending = new AbortController();
  #value: string;
  #holding: Holding;
  #regaining: Promise<void> | undefined;

  private constructor(
    context: LeaseContext,
    key: string,
    value: string,
    options: EtcdLeaseOptions,
    holding: Holding,
  ) {
    this.#context = context;
    this.key = key;
    this.ttl = options.ttl ?? defaultTtl;
    this.#value = value;
    this.#options = options;
    this.#listeners = new Listeners(`The lease of ${key}`, context.logger);
    this.#holding = holding;
    context.held.add(this);
    this.#follow();
  }

  /** @internal Made by `lease`. */
  static async open(
    context: LeaseContext,
    key: EtcdKey,
    value: string,
    options: EtcdLeaseOptions,
  ): Promise<EtcdLease> {
    checkLeaseOptions(options);
    // An empty one could not prove whose the key is.
    checkText('value', value, showType);
    const path = normalizeKey(key);
    const open = async (): Promise<EtcdLease> =>
      new EtcdLease(context, path, value, options, await hold(context, path, value, options));
    return traceOperation(context.client, 'lease', context.prefix + path, open, undefined);
  }

  /** The value that its key has from it. */
  get value(): string {
    return this.#value;
  }

  /** Whether the key is ours at this moment. */
  get isHeld(): boolean {
    return this.#holding.isHeld;
  }

  /** Milliseconds until it is lost, if it is not renewed; 0 when it is not held. */
  get remaining(): number {
    return this.#holding.remaining;
  }

  /**
   * Aborted with an {@link EtcdLeaseLostError} when the lease is lost, and not when it is released: before anybody else can have the
   * key when it cannot be renewed, and a moment after it was deleted or overwritten by somebody. With
   * `whenLost: 'reacquire'` there is another one each time the key was made again.
   */
  get signal(): AbortSignal {
    return this.#holding.signal;
  }

  /** The store index at which the key came into being: a number that grows with each owner. */
  get fencingToken(): number {
    return this.#holding.createdIndex;
  }

  /** Calls a listener when the lease is lost, or regained. */
  on<Name extends keyof EtcdLeaseEvents>(
    name: Name,
    listener: (...args: EtcdLeaseEvents[Name]) => void,
  ): this {
    this.#listeners.add(name, listener as (...args: unknown[]) => void);
    return this;
  }

  /** Takes back a listener. */
  off<Name extends keyof EtcdLeaseEvents>(
    name: Name,
    listener: (...args: EtcdLeaseEvents[Name]) => void,
  ): this {
    this.#listeners.remove(name, listener as (...args: unknown[]) => void);
    return this;
  }

  /**
   * Renews it now: `PUT /v2/keys/KEY` with `refresh=true&prevExist=true&prevValue=…&prevIndex=…`. It is renewed by itself, too.
   * @throws {EtcdLeaseLostError} when it is not ours any more
   */
  renew(): Promise<void> {
    return this.#holding.renew();
  }

  /**
   * Gives the key another value: `PUT /v2/keys/KEY` with `prevValue` and `prevIndex`. What it is when the lease is regained, too.
   * @throws {EtcdLeaseLostError} when it is not ours any more
   */
  async change(value: string): Promise<void> {
    checkText('value', value, showType);
    this.#value = value;
    await this.#holding.change(value);
  }

  /**
   * Ends the lease and removes the key: `DELETE /v2/keys/KEY?prevValue=…&prevIndex=…`. It never rejects, and may be called again.
   * @returns whether the key was removed by this; when etcd does not answer, trying goes on until the key expires
   */
  async release(): Promise<boolean> {
    this.#ending.abort();
    this.#context.held.delete(this);
    const { clock, timeout } = this.#context;
    // What is under way can last longer; whatever comes of it is released then.
    if (this.#regaining !== undefined) await Promise.race([this.#regaining, pause(clock, timeout)]);
    return this.#holding.release();
  }

  /** Ends the lease because the client closes: its {@link signal} is aborted first. It never rejects. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#regaining;
    await this.#holding.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  #follow(): void {
    const holding = this.#holding;
    holding.guard();
    const { signal } = holding;
    // An answer can come so late that the key is lost already.
    if (signal.aborted) this.#onLost(holding);
    else signal.addEventListener('abort', () => this.#onLost(holding), { once: true });
  }

  #onLost({ signal }: Holding): void {
    const error = signal.reason as EtcdLeaseLostError;
    this.#listeners.call('lost', error);
    if (this.#ending.signal.aborted || error.loss === 'closed') return;
    if (this.#options.whenLost === 'reacquire') this.#regaining = this.#regain();
    else this.#context.held.delete(this);
  }

  async #regain(): Promise<void> {
    const { clock } = this.#context;
    const { signal } = this.#ending;
    const longest = this.ttl * 1_000 * longestPausePart;
    for (let wait = shortestPause; !signal.aborted; wait = Math.min(longest, 2 * wait)) {
      await pause(clock, jittered(wait), signal);
      if (signal.aborted) return;
      try {
        const value = this.#value;
        const holding = await hold(this.#context, this.key, value, { ttl: this.ttl });
        if (signal.aborted) return void (await holding.release());
        this.#holding = holding;
        // It can have been changed meanwhile, and while it was lost.
        if (value !== this.#value) await holding.change(this.#value).catch(() => undefined);
        if (holding.isHeld) this.#listeners.call('regained');
        return this.#follow();
      } catch {
        // Another one has it, or etcd is away; the cluster's own log line says the latter.
      }
    }
  }
}

/**
 * Makes the key: `PUT /v2/keys/KEY` with its TTL, and `prevExist=false` unless it may be replaced. A try before with the same
 * value, which may have been done, is cleared away first.
 */
async function hold(
  context: LeaseContext,
  key: string,
  value: string,
  { ttl = defaultTtl, replace = false, timeout, signal }: EtcdLeaseOptions,
): Promise<Holding> {
  const { keys, clock } = context;
  const place = JSON.stringify([context.prefix, key, value]);
  await context.removals.of(place);
  const sentAt = clock.now();
  const options = { ttl, signal, timeout };
  try {
    const making = replace
      ? keys.set(key, value, { ...options, idempotent: true })
      : keys.create(key, value, { ...options, uniqueValue: true });
    const made = making.then(({ node }) => new Holding(context, { node, value, ttl, sentAt }));
    return await holdWhile(context.held, made, (holding) => holding.close());
  } catch (error) {
    if (mayBeDone(error)) context.removals.begin(place, removeOwn(context, key, value, sentAt + ttl * 1_000));
    throw error;
  }
}
