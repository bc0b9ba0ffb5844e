import { median } from './rounds.mjs';

/** What the client is to reach, as ratios within one run; those over undici's `request()` at 16 in flight and more. */
const leastThroughput = 1;
const mostCpu = 0.8;
const leastOverNodeEtcd = 5;

/**
 * Compares a scenario's rows with the targets.
 *
 * @param {string} title
 * @param {number} inFlight
 * @param {import('./rounds.mjs').Row[]} rows
 * @returns {string[]} A line for each target.
 */
export function checkTargets(title, inFlight, rows) {
  const [own] = rows;
  const nodeEtcd = rows.find(({ name }) => name.startsWith('node-etcd'));
  const line = (what, actual, bound, reached) =>
    `${reached ? 'reached' : 'missed '}  ${title}: ${what} ${actual.toFixed(2)} (${bound})`;
  const lines = [];
  if (inFlight >= 16) {
    const least = `at least ${leastThroughput.toFixed(2)}`;
    lines.push(line('throughput / undici.request', own.ratio, least, own.ratio >= leastThroughput));
    const most = `at most ${mostCpu.toFixed(2)}`;
    lines.push(line('CPU / undici.request', own.cpuRatio, most, own.cpuRatio <= mostCpu));
  }
  if (nodeEtcd !== undefined) {
    const ratio = median(own.rates.map((rate, i) => rate / nodeEtcd.rates[i]));
    const least = `at least ${leastOverNodeEtcd.toFixed(2)}`;
    lines.push(line('throughput / node-etcd', ratio, least, ratio >= leastOverNodeEtcd));
  }
  return lines;
}
