import type { Session } from '../cluster/session.js';
import type { Feed } from './feed.js';

/** Members are asked where they are before the history, which holds 1,000 changes, has moved on by this many. */
const sightedWithin = 150;
/** But not more often than once in so many milliseconds. */
const shortestPause = 100;
/** Feeds are proven before it has moved on by this many, but not sooner than a proof can be believed. */
const provenWithin = 250;
const shortestPeriod = 350;
/** Milliseconds between two proofs of any feeds, so that many feeds do not cost more and more. */
const spacing = 20;

/**
 * Sees to it that no feed goes stale: each one that is silent is proven in its turn; and while much happens in the store,
 * the members are asked where they are.
 */
export class Pace {
  #proving: NodeJS.Timeout | undefined;
  #sighting: NodeJS.Timeout | undefined;
  /** Members that have told something across a gap, and are asked in a moment. */
  readonly #leapt = new Set<string>();
  #asking: NodeJS.Timeout | undefined;
  /** Changes of the store in a millisecond, as seen last. */
  #rate = 0;
  /** Where the store was, as far as this client had seen. */
  #measured: { readonly index: number; readonly at: number } | undefined;

  /** @param longestSilence milliseconds after which a silent feed is proven */
  constructor(
    private readonly feeds: ReadonlySet<Feed>,
    private readonly session: Session,
    private readonly longestSilence: number,
  ) {}

  /** Milliseconds of silence after which a feed is proven at present. */
  get period(): number {
    const wanted = Math.min(this.longestSilence, provenWithin / this.#rate);
    return Math.max(shortestPeriod, wanted, this.feeds.size * spacing);
  }

  /** To be called when feeds have been started, and when one has a new line. */
  keep(): void {
    this.#measure();
    this.#wait();
  }

  close(): void {
    clearTimeout(this.#proving);
    clearTimeout(this.#sighting);
    clearTimeout(this.#asking);
  }

  /** Sees to it that a member is asked soon where it is. */
  leapt(endpoint: string): void {
    this.#leapt.add(endpoint);
    this.#asking ??= setTimeout(() => this.#ask(), shortestPause).unref();
  }

  /** Waits until the feed that has been silent for longest is to be proven. */
  #wait(): void {
    if (this.#proving !== undefined || this.feeds.size === 0) return;
    const silence = performance.now() - (this.#oldest()?.quietSince ?? Infinity);
    const left = Math.min(this.period, this.period - silence);
    this.#proving = setTimeout(() => this.#proveOldest(), Math.max(spacing, left)).unref();
  }

  #proveOldest(): void {
    this.#proving = undefined;
    const oldest = this.#oldest();
    if (oldest !== undefined && performance.now() - oldest.quietSince >= this.period)
      void oldest.prove().then(() => this.keep());
    this.#wait();
  }

  #oldest(): Feed | undefined {
    let oldest: Feed | undefined;
    for (const feed of this.feeds) if (feed.quietSince < (oldest?.quietSince ?? Infinity)) oldest = feed;
    return oldest;
  }

  /** How much happens in the store, and with that how soon members are to be asked where they are. */
  #measure(): void {
    const { index } = this.session.mark();
    // Nothing has been seen yet, and all that the store has ever had would seem to have happened since.
    if (index === 0) return;
    const at = performance.now();
    const before = this.#measured;
    if (before !== undefined && at - before.at < shortestPause) return;
    this.#measured = { index, at };
    if (before === undefined) return;
    this.#rate = Math.max(0, index - before.index) / (at - before.at);
    if (this.#sighting !== undefined) return;
    const pause = Math.max(shortestPause, sightedWithin / this.#rate);
    if (pause < this.longestSilence) this.#sighting = setTimeout(() => void this.#sight(), pause).unref();
  }

  #ask(): void {
    this.#asking = undefined;
    const feeds = [...this.feeds];
    for (const endpoint of this.#leapt) {
      const feed = feeds.find((each) => each.endpoint === endpoint) ?? feeds[0];
      void feed?.sight(endpoint);
    }
    this.#leapt.clear();
  }

  /** Asks each member that tells something where it is. */
  async #sight(): Promise<void> {
    const byMember = new Map([...this.feeds].map((feed) => [feed.endpoint, feed]));
    byMember.delete(undefined);
    await Promise.all(Array.from(byMember.values(), (feed) => feed.sight()));
    this.#sighting = undefined;
    this.#measure();
  }
}
