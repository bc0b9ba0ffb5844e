import type { StoreEvent } from './store-event.js';
import type { Found, Lines, PollOptions } from './lines.js';

/** Polls asked for at a time, at most; they share a few connections. */
const widest = 32;
/** The same where etcd checks a password for each of them, which takes it a tenth of a second. */
const widestWithAuth = 4;
/** How many changes must be missing to make that worth while. */
const worthwhile = 4;

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
  { from, to, member, signal, isDense }: HistoryRange,
  deliver: (event: StoreEvent) => void,
): Promise<boolean> {
  const most = lines.checksPasswords ? widestWithAuth : widest;
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal.addEventListener('abort', end);
  const polls: Promise<Found>[] = [];
  let bound = Infinity;
  void to.then((index) => (bound = index));
  let next = from;
  let head = isDense ? from + most : from;
  try {
    for (let asked = from, width = isDense ? most : 1; ;) {
      for (; polls.length < width && (polls.length === 0 || asked <= Math.min(head, bound)); asked++) {
        const found = lines.poll(asked, { member, signal: ending.signal });
        // The first one that fails ends all, and the others must not be unheard of.
        found.catch(() => undefined);
        polls.push(found);
      }
      const found = await (polls.shift() as Promise<Found>);
      const { event } = found;
      // What is not yet in the history says of it that it is empty up to where it was looked at.
      if (event === undefined || event.index > found.head) {
        const isAll = found.head >= (await to);
        if (isAll || event === undefined) return isAll;
        // It was looked at before the line was opened up to which all is wanted.
        polls.length = 0;
        asked = next = Math.max(next, found.head + 1);
        continue;
      }
      head = Math.max(head, found.head);
      if (event.index < next) {
        // It has found what another one had: the changes are further apart.
        width = Math.max(1, width / 2);
        continue;
      }
      deliver(event);
      next = event.index + 1;
      asked = Math.max(asked, next);
      if (width > 1 || head - event.index > worthwhile) width = Math.min(most, width * 2);
      // Nobody has to wait for what is not there: the history has been read as far as it went.
      if (next > head && next > (await to)) return true;
    }
  } finally {
    signal.removeEventListener('abort', end);
    ending.abort();
  }
}
