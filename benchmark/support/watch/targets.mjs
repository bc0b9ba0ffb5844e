import { median } from '../rounds.mjs';
import { most } from './rows.mjs';

const mostWritersWithoutResync = 64;
const mostCpu = 0.4;
const mostDelay = 2;
/** Delays below so many milliseconds are taken for that: they come and go with the machine, and may be below 0. */
const leastDelay = 0.1;

/**
 * Compares a scenario's rows with the targets.
 *
 * @param {string} title
 * @param {number} inFlight
 * @param {import('./rows.mjs').Row[]} rows
 * @param {{ own: string, longPoll: string, stream: string }} names
 * @returns {string[]} A line for each target.
 */
export function checkTargets(title, inFlight, rows, names) {
  const { results, cpuRatio } = rows.find((row) => row.name === names.own);
  const line = (what, actual, bound, reached) => verdict(reached, `${title}: ${what} ${actual} (${bound})`);
  const lost = most(results, (result) => result.lost);
  const doubled = most(results, (result) => result.doubled);
  const resyncs = results.flatMap((result) => result.resyncs);
  const lines = [
    line('most lost in a round', lost, 'none', lost === 0),
    line('most told twice in a round', doubled, 'none', doubled === 0),
  ];
  if (inFlight <= mostWritersWithoutResync)
    lines.push(line('resyncs', resyncs.join(' ') || 0, 'none', resyncs.length === 0));
  lines.push(line(`CPU / ${names.longPoll}`, cpuRatio.toFixed(2), `at most ${mostCpu}`, cpuRatio <= mostCpu));
  const streams = rows.find((row) => row.name === names.stream).results;
  lines.push(compareDelays(`${title}: p99 delay / ${names.stream}`, results, streams));
  return lines;
}

function compareDelays(what, own, streams) {
  // A stream that goes deaf has told early what it has told; only one that loses nothing is a measure.
  const p99 = ({ delay }) => Math.max(leastDelay, delay.p99);
  const ratios = streams.flatMap((stream, i) => (stream.lost === 0 ? [p99(own[i]) / p99(stream)] : []));
  if (ratios.length === 0) return verdict(undefined, `${what}, which lost events in all rounds`);
  const ratio = median(ratios);
  if (ratios.length === streams.length)
    return verdict(ratio <= mostDelay, `${what} ${ratio.toFixed(2)} (at most ${mostDelay})`);
  const rounds = `${ratios.length} of ${streams.length} rounds`;
  return verdict(undefined, `${what} ${ratio.toFixed(2)} in the ${rounds} in which that lost nothing`);
}

/** @param {boolean | undefined} isReached `undefined` where the target says nothing of such a case. */
function verdict(isReached, text) {
  const word = isReached === undefined ? 'no case' : isReached ? 'reached' : 'missed';
  return `${word.padEnd(9)}${text}`;
}
