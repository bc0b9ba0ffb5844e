const shortest = 1_000;

/** The longest time before something is started anew, in milliseconds. */
export const longestDelay = 30_000;

/**
 * Milliseconds before something is started anew: 1 second, and twice as much after each further failure, up to 30. Up to
 * a fifth is taken off by chance, so that many processes do not come back all at once.
 *
 * @param failures that came before this one
 */
export function restartDelay(failures: number, random: () => number = Math.random): number {
  return Math.round(Math.min(longestDelay, shortest * 2 ** Math.min(failures, 10)) * (1 - random() / 5));
}
