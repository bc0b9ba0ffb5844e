import type { StoreEvent } from './store-event.js';
import type { Lines } from './lines.js';

/** Polls under way at a time, at most; several of them share a connection. */
const widest = 128;
/** How many changes must be missing to make that worth while. */
const worthwhile = 4;
/** When the next change is not there after so many milliseconds, there is none, and a single poll waits for it. */
const patience = 250;

/** The first change from an index on, and how far the store was when it was looked for. */
interface Found {
  readonly event: StoreEvent;
  readonly head: number;
}

/** What is fetched of the history. */
export interface HistoryRange {
  /** The first index. */
  readonly from: number;
  /** The last index, which may become known only while it is fetched. */
  readonly to: () => number;
  /** Ends the fetching. */
  readonly signal: AbortSignal;
}

/**
 * Fetches the changes of a scope out of etcd's history, from one index up to another, in order, and ends when there are
 * no more. A poll gives the first change from its index on, so that polls at neighbouring indexes lose nothing. Where
 * the rest of the range holds no change, a poll waits for one behind it; the signal ends that.
 *
 * @throws {EtcdEventIndexClearedError} when the beginning has left the history
 */
export async function fetchHistory(
  lines: Lines,
  { from, to, signal }: HistoryRange,
  deliver: (event: StoreEvent) => void,
): Promise<void> {
  for (let next = from; next <= to();) {
    const { event, head } = await poll(lines, next, signal, false);
    if (event.index > to()) return;
    deliver(event);
    next = event.index + 1;
    if (head - event.index > worthwhile)
      next = await fetchMany(lines, { from: next, to: () => Math.min(to(), head), signal }, deliver);
  }
}

/** Fetches changes by many polls at a time, until the end or until there are fewer than thought. Gives the next index. */
async function fetchMany(
  lines: Lines,
  { from, to, signal }: HistoryRange,
  deliver: (event: StoreEvent) => void,
): Promise<number> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal.addEventListener('abort', end);
  const polls: Promise<Found>[] = [];
  let next = from;
  try {
    for (let asked = from, width = widest / 8; ;) {
      for (; polls.length < width && asked <= to(); asked++) {
        const found = poll(lines, asked, ending.signal, true);
        // The first one that fails ends all, and the others must not be unheard of.
        found.catch(() => undefined);
        polls.push(found);
      }
      const first = polls.shift();
      const found = first === undefined ? undefined : await within(patience, first);
      if (found === undefined || found.event.index > to()) return next;
      if (found.event.index < next) {
        // It has found what another one had: the changes are further apart.
        width = Math.max(1, width / 2);
        continue;
      }
      deliver(found.event);
      next = found.event.index + 1;
      asked = Math.max(asked, next);
      width = Math.min(widest, width * 2);
    }
  } finally {
    signal.removeEventListener('abort', end);
    ending.abort();
  }
}

async function poll(
  lines: Lines,
  waitIndex: number,
  signal: AbortSignal,
  isOneOfMany: boolean,
): Promise<Found> {
  const line = await lines.open({ waitIndex, stream: false, isOneOfMany }, signal);
  return { event: await line.first(signal), head: line.index };
}

/** `undefined` when it takes longer. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, milliseconds, undefined)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
