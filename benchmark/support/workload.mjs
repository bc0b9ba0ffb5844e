/** What every contender reads and writes: one key with a value of 100 bytes. */
export const key = '/benchmark/key';
export const path = `/v2/keys${key}`;
export const value = 'x'.repeat(100);

/** @typedef {'get' | 'put'} Operation */

/**
 * @typedef {object} Target Whom a contender talks to, and how.
 * @property {string} url
 * @property {number} [connections] At most so many; without a limit where it is absent.
 * @property {string} [ca] PEM text of the authority to trust.
 * @property {boolean} [allowH2]
 * @property {number} [pipelining]
 */

/**
 * @typedef {object} Client What a contender gives.
 * @property {() => Promise<string>} get Reads the key and gives its value.
 * @property {() => Promise<string>} put Writes the value and gives what the server says it is now.
 */
