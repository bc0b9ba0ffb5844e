import {
  EtcdCompareFailedError,
  EtcdError,
  EtcdKeyNotFoundError,
  EtcdNotDirectoryError,
  EtcdNotFileError,
} from '../errors/index.js';

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

/** Whether a write that has failed may have been done, or may yet be. */
export function mayBeDone(error: unknown): boolean {
  return error instanceof EtcdError && error.mayHaveBeenApplied;
}
