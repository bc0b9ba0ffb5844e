import { statfsSync } from 'node:fs';

/**
 * A directory in memory with room for the logs of etcd servers, which take 64 MB at a time: a disk that others use
 * stalls for longer than a test may wait, or than a benchmark wants to measure.
 *
 * @param {number} bytes How much room there must be.
 * @returns {string | undefined} `undefined` where there is none.
 */
export function memoryDirectory(bytes) {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize >= bytes ? '/dev/shm' : undefined;
  } catch {
    return undefined;
  }
}
