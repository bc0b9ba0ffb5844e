import type { Lines, PollOptions } from './lines.js';
import { Polls } from './polls.js';
import type { StoreEvent } from './store-event.js';

/** How many changes must be missing to make it worth while to ask for several at a time. */
const worthwhile = 4;
/** So many indexes further on something is looked for where most of them are changes of the scope. */
const lookAhead = 64;

/** What is fetched of the history. */
export interface HistoryRange extends PollOptions {
  /** The first index. */
  readonly from: number;
  /** The last index, which becomes known only while it is fetched. */
  readonly to: Promise<number>;
  /** Whether most indexes are those of changes of the scope, so that many are asked for before it is known how many there are. */
  readonly isDense: boolean;
}

/**
 * Fetches the changes of a scope out of etcd's history, from one index up to another, in order, and ends when there are
 * no more. A poll gives the first change from its index on, so that polls at neighbouring indexes lose nothing.
 *
 * @returns whether it has come to the end; otherwise the rest of the range seems to hold no change
 * @throws {EtcdEventIndexClearedError} when the beginning has left the history
 */
export async function fetchHistory(
  lines: Lines,
  { from, to, isDense, ...options }: HistoryRange,
  deliver: (event: StoreEvent) => void,
): Promise<boolean> {
  const polls = new Polls(lines, options, from, isDense);
  let bound = Infinity;
  void to.then((index) => (bound = index));
  let next = from;
  let head = isDense ? from + lookAhead : from;
  try {
    for (;;) {
      const { event, head: reached } = await polls.first(Math.min(head, bound));
      if (event === undefined || event.index > reached) {
        // What is not yet in the history says of it that it is empty up to where it was looked at.
        const isAll = reached >= (await to);
        if (isAll || event === undefined) return isAll;
        // It was looked at before the line was opened up to which all is wanted.
        next = Math.max(next, reached + 1);
        polls.restart(next);
        continue;
      }
      head = Math.max(head, reached);
      deliver(event);
      next = event.index + 1;
      polls.goOn(next, event.bytes, head - event.index > worthwhile);
      // Nobody has to wait for what is not there: the history has been read as far as it went.
      if (next > bound || (next > head && next > (await to))) return true;
    }
  } finally {
    polls.close();
  }
}
