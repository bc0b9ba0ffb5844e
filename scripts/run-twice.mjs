/**
 * Runs what asks a registry, and once more when it fails, as networks do at times.
 *
 * @template {{ status: number | null }} T
 * @param {() => T} run
 * @returns {T}
 */
export function runTwice(run) {
  const first = run();
  return first.status === 0 ? first : run();
}
