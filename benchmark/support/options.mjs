import { parseArgs } from 'node:util';

/**
 * The command line that all benchmarks share. `--quick` takes less where nothing else is asked for.
 *
 * @param {import('node:util').ParseArgsConfig['options']} [more]
 */
export function readOptions(more = {}) {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      ...more,
    },
  });
  const { quick } = values;
  const seconds = Number(values.seconds ?? (quick ? 0.3 : 1));
  if (!(seconds > 0)) throw new Error(`--seconds must be a number above 0, got '${values.seconds}'`);
  return { ...values, seconds, rounds: wholeNumber('rounds', values.rounds ?? (quick ? 3 : 7)) };
}

/**
 * @param {string} name Of the option.
 * @param {string | number} value
 */
export function wholeNumber(name, value) {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`--${name} must be a whole number from 1 on, got '${value}'`);
  return number;
}
