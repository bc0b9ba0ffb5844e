import { value } from '../workload.mjs';

/** What each key is written with: 100 bytes. */
export { value };

/** The key that is written after all others. Who is told of it will not be told of an earlier one any more. */
const last = 'last';

/** @param {string} directory @param {number} number */
export function keyOf(directory, number) {
  return `${directory}/${number}`;
}

/** @param {string} directory */
export function lastKeyOf(directory) {
  return `${directory}/${last}`;
}

/**
 * @param {string} key
 * @returns {number | undefined} `undefined` for the last one.
 */
export function numberOf(key) {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return name === last ? undefined : Number(name);
}

/**
 * @typedef {object} Watch What a watcher gives.
 * @property {(directory: string, consumer: import('./consumer.mjs').Consumer) => Promise<() => unknown>} watch
 *   Watches everything below a directory, resolves once each later change is heard, and gives what ends it.
 */

/**
 * @typedef {{ inFlight: number, keys: number }} Scenario
 * @typedef {{ sent: Float64Array, acknowledged: Float64Array }} Written When each key was, on the clock of all.
 */
