import { EtcdOptionsError } from '../errors/index.js';
import { checkBoolean, checkInteger, checkNames, checkSignal } from '../options/check.js';

/** How a key is watched. */
export interface EtcdWatchOptions {
  /** Watch everything below the key as well. Hidden keys (`_…`) are seen only by their own path. @default false */
  readonly recursive?: boolean;
  /** Begin with the present state, as a `resync` event with the reason `initial`. @default false */
  readonly initial?: boolean;
  /**
   * The first store index whose change is wanted, for example a result's `etcdIndex + 1`. When it has left etcd's
   * history of 1,000 changes, the watcher begins with a `resync`. @default what happens once the watcher is {@link EtcdWatcher.ready}
   */
  readonly waitIndex?: number;
  /**
   * Events that may wait for a slow consumer (and at most 4 MiB of them); when there are more, all of them are replaced
   * by one `resync`. @default 8192
   */
  readonly buffer?: number;
  /** Ends the watcher: its iteration rejects with {@link EtcdAbortedError}. */
  readonly signal?: AbortSignal;
}

/** How a subtree is cached. */
export interface EtcdCacheOptions extends Pick<EtcdWatchOptions, 'signal'> {}

const names = new Set(['recursive', 'initial', 'waitIndex', 'buffer', 'signal']);

/** @throws {EtcdOptionsError} */
export function checkWatchOptions(options: EtcdWatchOptions): void {
  checkNames('options of watch', options, names);
  checkBoolean('recursive', options.recursive);
  checkBoolean('initial', options.initial);
  checkSignal(options.signal);
  if (options.buffer !== undefined) checkInteger('buffer', options.buffer, 1, 1_000_000, 'events');
  if (options.waitIndex === undefined) return;
  checkInteger('waitIndex', options.waitIndex, 1, Number.MAX_SAFE_INTEGER, 'store indexes');
  if (options.initial === true)
    throw new EtcdOptionsError(
      'waitIndex',
      'it cannot be combined with `initial`, which begins with the present state',
    );
}

const cacheNames = new Set(['signal']);

/** @throws {EtcdOptionsError} */
export function checkCacheOptions(options: EtcdCacheOptions): void {
  checkNames('options of cache', options, cacheNames);
  checkSignal(options.signal);
}
