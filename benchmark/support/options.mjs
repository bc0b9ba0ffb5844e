import { parseArgs } from 'node:util';

/**
 * The command line that all benchmarks share.
 *
 * @param {import('node:util').ParseArgsConfig['options']} [more]
 */
export function readOptions(more = {}) {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '7' },
      quick: { type: 'boolean', default: false },
      ...more,
    },
  });
  const { quick, ...rest } = values;
  const seconds = quick ? 0.3 : Number(values.seconds);
  const rounds = quick ? 3 : Number(values.rounds);
  if (!(seconds > 0)) throw new Error(`--seconds must be a number above 0, got '${values.seconds}'`);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds must be a whole number from 1 on, got '${values.rounds}'`);
  return { ...rest, seconds, rounds };
}
