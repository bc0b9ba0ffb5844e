import type { Call } from '../cluster/call.js';
import type { Cluster } from '../cluster/cluster.js';
import { Line } from './line.js';
import type { Scope } from './scope.js';
import type { StoreEvent } from './store-event.js';

/** Polls of the history side by side, at most. */
const widest = 16;

/**
 * Fetches the changes of a scope from one index up to another out of etcd's history, in order, and ends when there are
 * no more. A poll gives the first change from its index on, so that polls at neighbouring indexes lose nothing. Where
 * the rest of the range holds no change, the last polls wait for one behind it; the signal of the calls ends them.
 * @throws {EtcdEventIndexClearedError} when the beginning has left the history
 */
export async function fetchHistory(
  cluster: Cluster,
  scope: Scope,
  range: { readonly from: number; readonly to: number },
  call: () => Call,
  deliver: (event: StoreEvent) => void,
): Promise<void> {
  let width = 1;
  for (let next = range.from; next <= range.to;) {
    const polls: Promise<StoreEvent>[] = [];
    for (let index = next; index < next + width && index <= range.to; index++)
      polls.push(poll(cluster, scope, index, call()));
    // The first one that fails ends all, and the others must not be unheard of.
    for (const one of polls) one.catch(() => undefined);
    let found = 0;
    for (const one of polls) {
      const event = await one;
      // Nothing lies between the index of the poll and its answer.
      if (event.index > range.to) return;
      if (event.index < next) continue;
      deliver(event);
      next = event.index + 1;
      found++;
    }
    width = found === polls.length ? Math.min(widest, width * 2) : Math.max(1, found);
  }
}

/** The first change of a scope from an index on. */
async function poll(cluster: Cluster, scope: Scope, waitIndex: number, call: Call): Promise<StoreEvent> {
  const line = await Line.open(cluster, scope, { waitIndex, stream: false }, call);
  return line.first(call.signal);
}
