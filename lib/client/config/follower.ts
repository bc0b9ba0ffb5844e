import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdAbortedError, EtcdClosedError } from '../errors/index.js';
import type { EtcdCache, EtcdCacheOptions } from '../watch/index.js';
import { applyChanges, toFiles, type Files } from './files.js';

/** The part of a client that a configuration needs. */
export interface CacheMaker {
  cache(key: string, options?: EtcdCacheOptions): EtcdCache;
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
  readonly #closing = new AbortController();
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

  /** Begins to follow. @throws {EtcdOptionsError}, {@link EtcdInvalidKeyError} before anything is sent */
  start(): void {
    const cache = this.etcd.cache(this.prefix, { signal: this.signal });
    this.#cache = cache;
    let hasBegun = false;
    const tell = (change: () => void): void => {
      hasBegun = true;
      this.#failures = 0;
      if (this.#closing.signal.aborted) return;
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
    cache.on('error', (error) => void this.#restart(cache, error));
    cache.ready.then(
      // Where there is nothing, there are no changes either.
      () => hasBegun || tell(begin),
      (error: unknown) => {
        // An error of another kind comes as an event, too.
        if (error instanceof EtcdClosedError && !this.#closing.signal.aborted)
          this.listener.onLost(error, undefined);
      },
    );
  }

  /** All files as they are now, and the store index at which they are so. */
  copy(): { readonly files: Files; readonly index: number } {
    return { files: new Map(this.#files), index: this.#index };
  }

  /** Follows no more. It never rejects. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#cache?.close();
  }

  async #restart(cache: EtcdCache, error: unknown): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted || cache !== this.#cache) return;
    this.#cache = undefined;
    if (error instanceof EtcdAbortedError || error instanceof EtcdClosedError)
      return this.listener.onLost(error, undefined);
    const delay = Math.min(longest, shortest * 2 ** Math.min(this.#failures++, 10));
    const retryIn = Math.round(delay * (1 - Math.random() / 5));
    this.listener.onLost(error, retryIn);
    await cache.close();
    // It keeps the process alive, as the watch does.
    await sleep(retryIn, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) this.start();
  }
}
