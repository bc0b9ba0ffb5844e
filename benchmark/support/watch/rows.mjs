import { median } from '../rounds.mjs';
import { printLines, whole } from '../table.mjs';

/** @typedef {import('./assess.mjs').Result} Result */
/** @typedef {{ name: string, results: Result[], cpuRatio: number }} Row `results` are those of the rounds, in order. */

/**
 * @param {Map<string, Result[]>} results By the watchers' names.
 * @param {string} baseline Name of the one with whose CPU that of the others is compared.
 * @returns {Row[]}
 */
export function toRows(results, baseline) {
  const bases = results.get(baseline);
  return [...results].map(([name, own]) => ({
    name,
    results: own,
    cpuRatio: median(own.map(({ cpu }, i) => cpu / bases[i].cpu)),
  }));
}

const heads = [
  'events/s',
  'writes/s',
  'lost',
  'most',
  'resyncs',
  'CPU s / 10,000',
  'ratio',
  'p50 ms',
  'p99 ms',
];

/**
 * Prints medians over the rounds; of lost keys the most in one round as well, and of resyncs all.
 *
 * @param {string} title
 * @param {Row[]} rows
 */
export function printRows(title, rows) {
  const lines = rows.map(({ name, results, cpuRatio }) => {
    const of = (pick) => median(results.map(pick));
    return [
      name,
      whole(of(({ eventsPerSecond }) => eventsPerSecond)),
      whole(of(({ writesPerSecond }) => writesPerSecond)),
      whole(of(({ lost }) => lost)),
      whole(most(results, ({ lost }) => lost)),
      String(results.flatMap(({ resyncs }) => resyncs).length),
      of(({ cpu }) => cpu).toFixed(3),
      cpuRatio.toFixed(2),
      of(({ delay }) => delay.p50).toFixed(1),
      of(({ delay }) => delay.p99).toFixed(1),
    ];
  });
  printLines(title, heads, lines);
}

/** @param {Result[]} results @param {(result: Result) => number} pick */
export function most(results, pick) {
  return Math.max(...results.map(pick));
}
