import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdAbortedError, EtcdClosedError } from '../errors/index.js';
import type { EtcdCache, EtcdCacheOptions } from '../watch/index.js';
import { applyChanges, toFiles, type Files } from './files.js';

/** The part of a client that a configuration needs. */
export interface CacheMaker {
  cache(key: string, options?: EtcdCacheOptions): EtcdCache;
  /** The key as it is in the store, where there is a prefix before it. What stands for a client in a test need not know of any. */
  full?(key: string): string;
}

/** What a {@link Follower} tells. None of them may throw. */
export interface FollowerListener {
  /** The files have changed; {@link Follower.copy} has them. */
  onChange(): void;
  /** It hears nothing any more, and tries again in so many milliseconds; `undefined` when it does not. */
  onLost(error: unknown, retryIn: number | undefined): void;
}

const shortest = 1_000;
const longest = 30_000;

/** Follows the files below a key, and opens the cache anew when that was ended by something that may be repaired. */
export class Follower {
  /** Ends with the present run. */
  #run = new AbortController();
  #cache: EtcdCache | undefined;
  /** Changed in place: a burst of changes in a large configuration must not copy all of it for each of them. */
  #files = new Map<string, string>();
  #index = 0;
  #failures = 0;

  constructor(
    private readonly etcd: CacheMaker,
    private readonly prefix: string,
    private readonly signal: AbortSignal | undefined,
    private readonly listener: FollowerListener,
  ) {}

  /** Begins to follow, with what there is by now. @throws {EtcdOptionsError}, {@link EtcdInvalidKeyError} before anything is sent */
  start(): void {
    this.#run = new AbortController();
    this.#open(this.#run.signal);
  }

  /** All files as they are now, and the store index at which they are so. */
  copy(): { readonly files: Files; readonly index: number } {
    return { files: new Map(this.#files), index: this.#index };
  }

  /** Follows no more, until it is started again. It never rejects. */
  async stop(): Promise<void> {
    this.#run.abort();
    await this.#cache?.close();
  }

  #open(over: AbortSignal): void {
    const cache = this.etcd.cache(this.prefix, { signal: this.signal });
    this.#cache = cache;
    let hasBegun = false;
    const tell = (change: () => void): void => {
      hasBegun = true;
      this.#failures = 0;
      if (over.aborted) return;
      change();
      this.#index = cache.index;
      this.listener.onChange();
    };
    const begin = (): void => {
      this.#files = toFiles(this.prefix, cache);
    };
    cache.on('changes', (changes) =>
      tell(hasBegun ? () => applyChanges(this.prefix, this.#files, changes) : begin),
    );
    cache.on('error', (error) => void this.#restart(cache, error, over));
    cache.ready.then(
      // Where there is nothing, there are no changes either.
      () => hasBegun || tell(begin),
      (error: unknown) => {
        // An error of another kind comes as an event, too.
        if (error instanceof EtcdClosedError && !over.aborted) this.listener.onLost(error, undefined);
      },
    );
  }

  async #restart(cache: EtcdCache, error: unknown, over: AbortSignal): Promise<void> {
    if (over.aborted || cache !== this.#cache) return;
    this.#cache = undefined;
    if (error instanceof EtcdAbortedError || error instanceof EtcdClosedError)
      return this.listener.onLost(error, undefined);
    const delay = Math.min(longest, shortest * 2 ** Math.min(this.#failures++, 10));
    const retryIn = Math.round(delay * (1 - Math.random() / 5));
    this.listener.onLost(error, retryIn);
    await cache.close();
    // It keeps the process alive, as the watch does.
    await sleep(retryIn, undefined, { signal: over }).catch(() => undefined);
    if (!over.aborted) this.#open(over);
  }
}
