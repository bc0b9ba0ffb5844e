import type { StoreEvent } from './store-event.js';
import type { Lines } from './lines.js';

/** Polls asked for at a time, at most; they share a few connections. */
const widest = 32;
/** The same where etcd checks a password for each of them, which takes it a tenth of a second. */
const widestWithAuth = 4;
/** How many changes must be missing to make that worth while. */
const worthwhile = 4;
/** When the next change does not come within so many milliseconds after the headers, there is none. */
const patience = 250;

/** The first change from an index on, if there was one, and how far the store was when it was looked for. */
interface Found {
  readonly event: StoreEvent | undefined;
  readonly head: number;
}

/** What is fetched of the history. */
export interface HistoryRange {
  /** The first index. */
  readonly from: number;
  /** The last index, which becomes known only while it is fetched. */
  readonly to: Promise<number>;
  /** The member that is asked first. */
  readonly member: string | undefined;
  /** Ends the fetching. */
  readonly signal: AbortSignal;
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
  { from, to, member, signal }: HistoryRange,
  deliver: (event: StoreEvent) => void,
): Promise<boolean> {
  for (let next = from; ;) {
    const { event, head } = await poll(lines, next, { member, signal });
    // What is not yet in the history says of it that it is empty up to where it was looked at.
    if (event === undefined || event.index > head) return head >= (await to);
    deliver(event);
    next = event.index + 1;
    if (head - event.index > worthwhile)
      next = await fetchMany(lines, { from: next, to: head, member, signal }, deliver);
    // Nobody has to wait for what is not there: the history has been read as far as it went.
    if (next > head && next > (await to)) return true;
  }
}

/** Fetches changes by many polls at a time, until the end or until there are fewer than thought. Gives the next index. */
async function fetchMany(
  lines: Lines,
  { from, to, member, signal }: Omit<HistoryRange, 'to'> & { readonly to: number },
  deliver: (event: StoreEvent) => void,
): Promise<number> {
  const most = lines.checksPasswords ? widestWithAuth : widest;
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal.addEventListener('abort', end);
  const polls: Promise<Found>[] = [];
  let next = from;
  try {
    for (let asked = from, width = most / 4; ;) {
      for (; polls.length < width && asked <= to; asked++) {
        const found = poll(lines, asked, { member, signal: ending.signal });
        // The first one that fails ends all, and the others must not be unheard of.
        found.catch(() => undefined);
        polls.push(found);
      }
      const event = (await polls.shift())?.event;
      if (event === undefined || event.index > to) return next;
      if (event.index < next) {
        // It has found what another one had: the changes are further apart.
        width = Math.max(1, width / 2);
        continue;
      }
      deliver(event);
      next = event.index + 1;
      asked = Math.max(asked, next);
      width = Math.min(most, width * 2);
    }
  } finally {
    signal.removeEventListener('abort', end);
    ending.abort();
  }
}

/** Looks into the history once. Gives no event when there is none. */
async function poll(
  lines: Lines,
  waitIndex: number,
  { member, signal }: Pick<HistoryRange, 'member' | 'signal'>,
): Promise<Found> {
  const line = await lines.open({ waitIndex, stream: false, prefer: member }, signal);
  return { event: await line.first(signal, patience), head: line.index };
}
