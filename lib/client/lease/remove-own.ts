import {
  EtcdClosedError,
  EtcdCompareFailedError,
  EtcdError,
  EtcdKeyNotFoundError,
  EtcdNotDirectoryError,
  EtcdNotFileError,
} from '../errors/index.js';
import { pause } from './clock.js';
import type { LeaseContext } from './lease-context.js';

/** Pauses after a failure, in milliseconds: longer each time. */
export const shortestPause = 50;
export const longestPause = 1_000;

/** A little shorter by chance, so that those who wait do not come all at once. */
export function jittered(milliseconds: number): number {
  return milliseconds * (0.5 + Math.random() / 2);
}

/** Whether etcd has said that a key is not, or not any more, what it was. */
export function isForeign(error: unknown): boolean {
  return error instanceof EtcdCompareFailedError || isGone(error);
}

/** Whether etcd has said that there is no such file. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof EtcdKeyNotFoundError ||
    error instanceof EtcdNotFileError ||
    error instanceof EtcdNotDirectoryError
  );
}

/**
 * Removes a key of which no more is known than its value, which only its owner writes, and tries again until it is gone or
 * would be gone by itself: `DELETE /v2/keys/KEY?prevValue=VALUE`. It never rejects.
 *
 * @param until when the key expires, on the context's clock
 */
export async function removeOwn(
  { keys, clock, timeout }: LeaseContext,
  key: string,
  value: string,
  until: number,
): Promise<void> {
  for (let wait = shortestPause; ; wait = Math.min(longestPause, 2 * wait)) {
    try {
      return void (await keys.compareAndDelete(key, { prevValue: value, timeout }));
    } catch (error) {
      if (isForeign(error) || error instanceof EtcdClosedError) return;
    }
    if (clock.now() + wait >= until) return;
    await pause(clock, jittered(wait));
  }
}

/** Whether a write that has failed may have been done, or may yet be. */
export function mayBeDone(error: unknown): boolean {
  return error instanceof EtcdError && error.mayHaveBeenApplied;
}
