/** @typedef {import('./contender.mjs').Contender} Contender */
/**
 * @typedef {{ name: string, rates: number[], opsPerSecond: number, ratio: number, cpu?: number, cpuRatio?: number }} Row
 *   Medians; `rates` are the operations per second of each round.
 */

/**
 * Lets the contenders run back to back, in rounds of random order.
 *
 * @template {{ name: string, run: (scenario: Scenario) => Promise<Result> }} Contender
 * @template Scenario, Result
 * @param {Contender[]} contenders
 * @param {Scenario} scenario
 * @param {number} rounds
 * @returns {Promise<Map<string, Result[]>>} By the contenders' names, a result for each round.
 */
export async function playRounds(contenders, scenario, rounds) {
  const results = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const contender of shuffled(contenders))
      results.get(contender.name).push(await contender.run(scenario));
  return results;
}

/**
 * Plays rounds and compares within each of them: what disturbs a machine for a while disturbs all of a round alike.
 *
 * @param {Contender[]} contenders
 * @param {string} baseline Name of the one that the others are compared with.
 * @param {import('./contender.mjs').Scenario} scenario
 * @param {number} rounds
 * @returns {Promise<Row[]>} Medians over the rounds, in the order of the contenders.
 */
export async function runRounds(contenders, baseline, scenario, rounds) {
  const results = await playRounds(contenders, scenario, rounds);
  const bases = results.get(baseline);
  return contenders.map(({ name }) => {
    const own = results.get(name);
    const hasCpu = own[0].cpu !== undefined;
    const rates = own.map(({ opsPerSecond }) => opsPerSecond);
    return {
      name,
      rates,
      opsPerSecond: median(rates),
      ratio: median(rates.map((rate, i) => rate / bases[i].opsPerSecond)),
      cpu: hasCpu ? median(own.map(({ cpu }) => cpu)) : undefined,
      cpuRatio: hasCpu ? median(own.map(({ cpu }, i) => cpu / bases[i].cpu)) : undefined,
    };
  });
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

function shuffled(list) {
  const mixed = [...list];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed;
}
