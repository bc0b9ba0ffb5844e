import {
  EtcdClosedError,
  EtcdCompareFailedError,
  EtcdKeyNotFoundError,
  EtcdNotDirectoryError,
  EtcdNotFileError,
} from '../errors/index.js';
import { pause } from './clock.js';
import type { LeaseContext } from './lease-context.js';

const shortestPause = 50;
const longestPause = 1_000;

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
 * Removes a key if it has a value that only its owner writes, and tries again until it is gone or would be gone by itself:
 * `DELETE /v2/keys/KEY?prevValue=VALUE`. To send it again is safe, because a value never comes back. It never rejects.
 *
 * @param until when the key expires, on the context's clock
 * @returns whether this has removed it
 */
export async function removeOwn(
  { keys, clock, timeout }: LeaseContext,
  key: string,
  value: string,
  until: number,
): Promise<boolean> {
  let isInDoubt = false;
  for (let wait = shortestPause; ; wait = Math.min(longestPause, 2 * wait)) {
    try {
      await keys.compareAndDelete(key, { prevValue: value, timeout });
      return true;
    } catch (error) {
      // After a try whose answer was lost, that it is gone is what was wanted.
      if (isForeign(error)) return isInDoubt;
      if (error instanceof EtcdClosedError) return false;
      isInDoubt = true;
    }
    if (clock.now() + wait >= until) return false;
    await pause(clock, wait * (0.5 + Math.random() / 2), new AbortController().signal);
  }
}
