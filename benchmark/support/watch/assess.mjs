/**
 * @typedef {object} Result
 * @property {number} eventsPerSecond From the first write sent to the last key told.
 * @property {number} writesPerSecond
 * @property {number} lost Keys that were never told.
 * @property {number} doubled
 * @property {string[]} resyncs
 * @property {number} resynced
 * @property {number} cpu Seconds for 10,000 keys told.
 * @property {{ p50: number, p99: number }} delay Milliseconds from etcd's answer to a writer until the key was told;
 *   below 0 where telling was faster.
 */

/**
 * What a block was like.
 *
 * @param {import('./workload.mjs').Written} written
 * @param {import('./consumer.mjs').Told & { cpu: number }} told
 * @returns {Result}
 */
export function assess({ sent, acknowledged }, { at, cpu, ...told }) {
  const numbers = [...at.keys()].filter((number) => !Number.isNaN(at[number]));
  const start = sent[0];
  const perSecond = (count, times) =>
    (count * 1_000) / (times.reduce((a, b) => Math.max(a, b), -Infinity) - start);
  return {
    ...told,
    eventsPerSecond: perSecond(
      numbers.length,
      numbers.map((number) => at[number]),
    ),
    writesPerSecond: perSecond(sent.length, acknowledged),
    lost: sent.length - numbers.length,
    cpu: (cpu / numbers.length) * 10_000,
    // What a write waits for until etcd answers is not the watcher's doing.
    delay: percentiles(numbers.map((number) => at[number] - acknowledged[number])),
  };
}

/** @param {number[]} values */
function percentiles(values) {
  const sorted = Float64Array.from(values).sort();
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return { p50: at(0.5), p99: at(0.99) };
}
