import { Call } from '../cluster/call.js';
import type { Cluster } from '../cluster/cluster.js';
import { EtcdAbortedError, EtcdClosedError } from '../errors/index.js';
import { offAbort, onAbort } from '../http/abort.js';
import type { EtcdLogger } from '../options/index.js';
import { Backoff } from './backoff.js';
import { EventQueue, type QueuedEvent } from './event-queue.js';
import type {
  EtcdChangeEvent,
  EtcdEvent,
  EtcdResyncEvent,
  EtcdResyncReason,
  EtcdWatcherEvents,
} from './events.js';
import type { Feeds } from './feeds.js';
import { KnownKeys } from './known-keys.js';
import { Listeners } from './listeners.js';
import type { Scope } from './scope.js';
import { readState } from './state.js';
import type { Gap, Subscriber } from './subscriber.js';
import { tellEvent, tellFailed } from './tell.js';
import { isTransient } from '../errors/transient.js';
import type { EtcdWatchOptions } from './watch-options.js';

/** What a watcher needs of its client. @internal */
export interface WatchContext {
  readonly cluster: Cluster;
  readonly feeds: Feeds;
  readonly timeout: number;
  readonly logger: EtcdLogger;
  /** The watchers that are open. */
  readonly watchers: Set<EtcdWatcher>;
}

/**
 * Tells the changes of a key, and with `recursive` of everything below it: in order, each exactly once, or in place of
 * some of them one `resync` with the present state. It goes on through the loss of members, and ends only when it is
 * closed, aborted, or refused for good.
 *
 * It is consumed in one of two ways: by `for await`, which closes it when the loop is left, or by {@link on}.
 */
export class EtcdWatcher implements AsyncIterableIterator<EtcdEvent, undefined>, AsyncDisposable {
  /** Resolves when every later change will be told; rejects when the watcher ends before. */
  readonly ready: Promise<void>;
  readonly #context: WatchContext;
  readonly #subscriber: Subscriber;
  readonly #key: string;
  readonly #prefix: string;
  readonly #signal: AbortSignal | undefined;
  readonly #queue: EventQueue;
  readonly #known: KnownKeys;
  readonly #closing = new AbortController();
  readonly #backoff = new Backoff(this.#closing.signal);
  readonly #listeners: Listeners;
  /** Why the present state is to be told next, in place of what was missed. */
  #resync: EtcdResyncReason | undefined;
  /** What has ended it, apart from `close`. */
  #failure: { readonly error: unknown } | undefined;
  #index = 0;
  #isReady = false;
  /** How often the store was reset. */
  #resets = 0;
  /** Whether it is known from which index on it tells. */
  #hasBegun: boolean;
  #wake: (() => void) | undefined;
  /** The calls of `next` that are not answered yet, and the last one, behind which the following one waits. */
  #asked = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #pumping: Promise<void> | undefined;
  #onReady: () => void = () => undefined;
  #onFailed: (error: unknown) => void = () => undefined;

  /** @internal Made by `watch`. */
  constructor(context: WatchContext, scope: Scope, key: string, prefix: string, options: EtcdWatchOptions) {
    const { initial = false, waitIndex, buffer = 8_192, signal } = options;
    this.#context = context;
    this.#key = key;
    this.#prefix = prefix;
    this.#signal = signal;
    this.#listeners = new Listeners(`The watch of ${key}`, context.logger);
    this.#queue = new EventQueue(buffer);
    this.#known = new KnownKeys(key, scope.recursive);
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onFailed = reject;
    });
    // Who does not ask for it learns of a failure from the iteration.
    this.ready.catch(() => undefined);
    this.#subscriber = {
      scope,
      after: waitIndex === undefined ? 0 : waitIndex - 1,
      onAttached: (index) => {
        // Said again, it tells how far the feed has come, and not what the consumer has taken.
        if (this.#isReady) return;
        this.#isReady = true;
        if (!this.#hasBegun) this.#index = index;
        this.#onReady();
      },
      onEvent: (event, relation) => this.#take({ event, relation }),
      onGap: (gap: Gap) => {
        // The indexes of a store that was rebuilt begin anew.
        this.#subscriber.after = 0;
        if (gap === 'reset') this.#resets++;
        this.#miss(gap);
      },
      onFailed: (error) => this.#end({ error }),
    };
    this.#hasBegun = initial || waitIndex !== undefined;
    this.#index = waitIndex === undefined ? 0 : waitIndex - 1;
    if (initial) this.#resync = 'initial';
    onAbort(signal, this.#onAbort);
    if (signal?.aborted === true) this.#onAbort();
    else {
      context.watchers.add(this);
      context.feeds.join(this.#subscriber, waitIndex === undefined ? undefined : waitIndex - 1);
    }
  }

  /** The watched key. */
  get key(): string {
    return this.#key;
  }

  /** The store index up to which everything has been told to the consumer; 0 before the beginning. */
  get index(): number {
    return this.#index;
  }

  /**
   * Calls a listener for each event of a kind: an action of etcd's, `resync`, or all of them as `event`; `error` when
   * the watcher has ended by one or a listener of another kind has thrown one, and `close` at its end. The next event comes
   * when the listeners have returned, and is not kept back by what an asynchronous one does.
   */
  on<Name extends keyof EtcdWatcherEvents>(
    name: Name,
    listener: (...args: EtcdWatcherEvents[Name]) => void,
  ): this {
    this.#listeners.add(name, listener as (...args: unknown[]) => void);
    this.#pumping ??= this.#pump();
    return this;
  }

  /** Takes back a listener. */
  off<Name extends keyof EtcdWatcherEvents>(
    name: Name,
    listener: (...args: EtcdWatcherEvents[Name]) => void,
  ): this {
    this.#listeners.remove(name, listener as (...args: unknown[]) => void);
    return this;
  }

  /** The next event; `done` when the watcher is closed. @throws what has ended it */
  next(): Promise<IteratorResult<EtcdEvent, undefined>> {
    const take = (): Promise<IteratorResult<EtcdEvent, undefined>> => this.#next();
    const next = this.#asked++ === 0 ? take() : this.#turn.then(take, take);
    this.#turn = next;
    return next;
  }

  /** Leaves the iteration, and closes the watcher. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#end(undefined);
    return { done: true, value: undefined };
  }

  /** The events, in order. Leaving the loop closes the watcher. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the watcher. It resolves when no listener is called any more, never rejects, and may be called again. */
  async close(): Promise<void> {
    this.#end(undefined);
    await this.#pumping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #onAbort = (): void => this.#end({ error: new EtcdAbortedError({ cause: this.#signal?.reason }) });

  #take(queued: QueuedEvent): void {
    // What comes before the present state is read will be part of it.
    if (this.#resync !== undefined) return;
    this.#hasBegun = true;
    if (!this.#queue.push(queued)) this.#miss('overflow');
    this.#wake?.();
  }

  #miss(reason: EtcdResyncReason): void {
    this.#queue.clear();
    this.#resync ??= reason;
    this.#wake?.();
  }

  async #next(): Promise<IteratorResult<EtcdEvent, undefined>> {
    try {
      while (!this.#closing.signal.aborted) {
        const event = this.#resync === undefined ? this.#shift() : await this.#readState(this.#resync);
        if (event !== undefined) {
          tellEvent(this.#context.cluster.client, this.#subscriber.scope, this.#prefix, event);
          return { done: false, value: event };
        }
        if (this.#resync === undefined && this.#queue.isEmpty)
          await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure !== undefined) throw failure.error;
      return { done: true, value: undefined };
    } finally {
      this.#asked--;
    }
  }

  /** The first change that waits, where it is of interest. */
  #shift(): EtcdChangeEvent | undefined {
    const queued = this.#queue.shift();
    // Those up to the index of a state were in the state.
    if (queued === undefined || queued.event.index <= this.#index) return undefined;
    const { event, relation } = queued;
    this.#index = event.index;
    if (relation === 'ancestor' && this.#known.isEmpty) return undefined;
    const { node, prevNode } = event.nodes(this.#prefix);
    this.#known.apply(node, event.removes, relation);
    const { action, index, removes } = event;
    return {
      action,
      key: node.key,
      node,
      prevNode,
      index,
      relation,
      removal: removes,
      gone: removes && relation !== 'descendant',
    };
  }

  /** The present state, in place of what waits or was missed; `undefined` when it is to be tried again. */
  async #readState(reason: EtcdResyncReason): Promise<EtcdResyncEvent | undefined> {
    const { cluster, timeout } = this.#context;
    const { signal } = this.#closing;
    try {
      // Not before every later change is sure to come.
      await this.ready;
      this.#resync = undefined;
      const resets = this.#resets;
      const call = new Call(timeout, signal, 'watch.state');
      const { node, index } = await readState(cluster, this.#subscriber.scope, this.#prefix, call);
      this.#backoff.succeeded();
      // It may be the state of a store that is no more.
      if (resets !== this.#resets) return undefined;
      // Nothing has happened in the whole store since the last event that was told.
      if (index === this.#index && (reason === 'cleared' || reason === 'overflow')) return undefined;
      this.#index = index;
      this.#subscriber.after = index;
      return { action: 'resync', reason, key: this.#key, node, index, ...this.#known.replace(node, resets) };
    } catch (error) {
      this.#miss(reason);
      if (signal.aborted) return undefined;
      if (!isTransient(error)) this.#end({ error });
      this.#backoff.failed();
      await this.#backoff.pause();
      return undefined;
    }
  }

  #end(failure: { readonly error: unknown } | undefined): void {
    if (this.#closing.signal.aborted) return;
    this.#failure = failure;
    if (failure !== undefined)
      tellFailed(this.#context.cluster.client, this.#subscriber.scope, failure.error);
    this.#closing.abort();
    offAbort(this.#signal, this.#onAbort);
    this.#context.feeds.leave(this.#subscriber);
    this.#context.watchers.delete(this);
    this.#queue.clear();
    this.#onFailed(failure?.error ?? new EtcdClosedError());
    this.#wake?.();
  }

  /** Takes the events on behalf of the listeners. */
  async #pump(): Promise<void> {
    // The listeners that are added in one go all hear the first event.
    await Promise.resolve();
    try {
      for (let next = await this.next(); next.done !== true; next = await this.next()) this.#emit(next.value);
    } catch (error) {
      this.#listeners.report(error, 'has ended');
    }
    this.#listeners.call('close');
  }

  #emit(event: EtcdEvent): void {
    const names = event.action === 'resync' ? ['event', 'resync'] : ['event', 'change', event.action];
    const goesOn = (): boolean => !this.#closing.signal.aborted;
    for (const name of names) this.#listeners.call(name, event, goesOn);
  }
}
