import { EtcdClosedError, EtcdIndeterminateError, EtcdLeaseLostError } from '../errors/index.js';
import { isTransient } from '../errors/transient.js';
import { linkSignals } from '../http/abort.js';
import type { EtcdNode } from '../keys/index.js';
import { pause } from '../lease/clock.js';
import { Holding } from '../lease/holding.js';
import { holdWhile, type LeaseContext } from '../lease/lease-context.js';
import { removeOwn } from '../lease/remove-own.js';
import { jittered, longestPause, mayBeDone, shortestPause } from '../lease/trying.js';
import type { Attempt } from './attempt.js';
import type { Crowds } from './crowds.js';
import { readQueue } from './queue.js';

/** An entry that was sent without an answer is looked for after so long, and again after twice as long, in milliseconds. */
const firstSweep = 250;
/** etcd can apply a write so long after it was sent, in milliseconds. */
const longestDelay = 20_000;
/** Who gives up an attempt waits so long at most for its entry to be removed, in milliseconds. */
const leaving = 100;

/** What a queue needs of its client. @internal */
export interface QueueContext extends LeaseContext {
  readonly crowds: Crowds;
}

/** Where and as what somebody queues up. */
export interface PlaceOptions {
  readonly directory: string;
  /** In seconds. */
  readonly ttl: number;
  /** Makes a value that nobody else writes, for each entry. */
  readonly value: () => string;
}

/** One entry of a queue, which is kept alive: `POST /v2/keys/DIRECTORY`. Whose entry is the first one holds. */
export class Place {
  private constructor(
    private readonly context: QueueContext,
    private readonly directory: string,
    readonly holding: Holding,
  ) {}

  /** @throws what the request fails with; an entry that comes of it nevertheless is removed */
  static async enter(context: QueueContext, { directory, ttl, value: make }: PlaceOptions): Promise<Place> {
    const value = make();
    const sentAt = context.clock.now();
    const post = async (): Promise<Place> => {
      const { node } = await context.keys.append(directory, value, { ttl, uniqueValue: true });
      return Place.of(context, directory, new Holding(context, { node, value, ttl, sentAt }));
    };
    try {
      return await holdWhile(context.held, post(), (late) => late.leave());
    } catch (error) {
      if (mayBeDone(error) && !(error instanceof EtcdClosedError))
        void sweep(context, directory, value, sentAt + Math.min(longestDelay, ttl * 1_000));
      throw error;
    }
  }

  /** An entry that is there already. */
  static of(context: QueueContext, directory: string, holding: Holding): Place {
    return new Place(context, directory, holding);
  }

  /**
   * Waits until it is the first one. @param ending ends it with its reason
   * @throws {EtcdLeaseLostError} when the entry is lost, and what etcd refuses for good
   */
  async first(ending: AbortSignal): Promise<void> {
    const { signal, unlink } = linkSignals(ending, this.holding.signal);
    const { crowds, keys, prefix } = this.context;
    let leaveCrowd: (() => void) | undefined;
    try {
      for (;;) {
        const { entries, index } = await this.#read(signal);
        const own = entries.findIndex(({ key }) => key === this.holding.key);
        if (own < 0) throw this.holding.lose('removed');
        if (entries[own]?.value !== this.holding.value) throw this.holding.lose('taken');
        if (own === 0) return;
        leaveCrowd ??= crowds.join(prefix + this.directory, () =>
          keys.watch(this.directory, { recursive: true }),
        );
        await this.#gone(entries[own - 1] as EtcdNode, index, signal);
      }
    } finally {
      leaveCrowd?.();
      unlink();
    }
  }

  /** Leaves the queue, without waiting for long. */
  async leave(): Promise<void> {
    const { clock } = this.context;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(leaving, resolve);
      void this.holding.release().then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** The queue, asked for until etcd answers. */
  async #read(signal: AbortSignal): ReturnType<typeof readQueue> {
    for (let wait = shortestPause; ; wait = Math.min(longestPause, 2 * wait)) {
      signal.throwIfAborted();
      try {
        return await readQueue(this.context, this.directory, { signal });
      } catch (error) {
        signal.throwIfAborted();
        if (!passes(error)) throw error;
        await pause(this.context.clock, jittered(wait), signal);
      }
    }
  }

  /** Waits until an entry is gone, or may be. */
  async #gone({ key }: EtcdNode, index: number, signal: AbortSignal): Promise<void> {
    try {
      for await (const event of this.context.keys.watch(key, { waitIndex: index + 1, signal }))
        if (event.action === 'resync' || event.gone) return;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
    signal.throwIfAborted();
  }
}

/**
 * Queues up and waits until it is the first one. An entry that is lost meanwhile is replaced by one at the end of the queue.
 *
 * @param isPatient whether to wait for etcd from the beginning, and not only once there was an entry
 * @throws what ends the attempt, and what etcd refuses for good; nothing is left in the queue
 */
export async function queueUp(
  context: QueueContext,
  options: PlaceOptions,
  attempt: Attempt,
  isPatient = false,
): Promise<Place> {
  for (let wait = shortestPause; ; wait = Math.min(longestPause, 2 * wait)) {
    try {
      const place = await attempt.race(Place.enter(context, options), (late) => void late.leave());
      attempt.hasEntered = true;
      if (await isFirst(place, attempt.signal)) return place;
    } catch (error) {
      attempt.signal.throwIfAborted();
      if (!(isPatient || attempt.hasEntered) || !passes(error)) throw error;
    }
    await pause(context.clock, jittered(wait), attempt.signal);
    attempt.signal.throwIfAborted();
  }
}

/** Whether it has become the first one; `false` when the entry was lost. @throws what ends the waiting, once it has left */
export async function isFirst(place: Place, ending: AbortSignal): Promise<boolean> {
  try {
    await place.first(ending);
    place.holding.guard();
    return place.holding.isHeld;
  } catch (error) {
    await place.leave();
    if (error instanceof EtcdLeaseLostError && !ending.aborted) return false;
    throw error;
  }
}

/** Queues up, and is there the first one at once or leaves again. @throws as {@link queueUp} */
export async function tryFirst(
  context: QueueContext,
  options: PlaceOptions,
  attempt: Attempt,
): Promise<Place | undefined> {
  const place = await attempt.race(Place.enter(context, options), (late) => void late.leave());
  const { holding } = place;
  try {
    const { entries } = await readQueue(context, options.directory, { signal: attempt.signal });
    const [first] = entries;
    if (first?.key === holding.key && first.value === holding.value && holding.isHeld) {
      holding.guard();
      return place;
    }
  } catch (error) {
    await place.leave();
    attempt.signal.throwIfAborted();
    throw error;
  }
  await place.leave();
  return undefined;
}

function passes(error: unknown): boolean {
  return isTransient(error) || error instanceof EtcdIndeterminateError;
}

/** Looks for an entry that was sent without an answer, and removes it. */
async function sweep(context: QueueContext, directory: string, value: string, until: number): Promise<void> {
  const closing = new AbortController();
  const sweeping = { close: async () => closing.abort() };
  context.held.add(sweeping);
  for (let wait = firstSweep; ; wait *= 2) {
    await pause(context.clock, wait, closing.signal);
    if (closing.signal.aborted) break;
    const queue = await readQueue(context, directory, { signal: closing.signal }).catch(() => undefined);
    const entry = queue?.entries.find((one) => one.value === value);
    if (entry !== undefined) await removeOwn(context, entry.key, value, until);
    if (entry !== undefined || context.clock.now() >= until) break;
  }
  context.held.delete(sweeping);
}
