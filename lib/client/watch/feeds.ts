import type { Cluster } from '../cluster/cluster.js';
import { Feed } from './feed.js';
import type { Subscriber } from './subscriber.js';

/** A feed is proven before the history, which holds 1,000 changes, has moved on by this many since. */
const provenWithin = 250;
/** Milliseconds between two proofs of one feed, at least. */
const shortestPeriod = 100;
/** Milliseconds between two proofs of any feeds, so that many feeds do not cost more and more. */
const spacing = 20;

/**
 * The feeds of a client. Watchers of the same keys share one, and those of a part of what is watched already join it.
 * It also sees to it that each feed is proven before it can have gone stale.
 */
export class Feeds {
  readonly #feeds = new Set<Feed>();
  /** Those that are not yet started: what is asked for at the same time is looked at together. */
  readonly #fresh = new Set<Feed>();
  readonly #feedOf = new Map<Subscriber, Feed>();
  #starting: NodeJS.Immediate | undefined;
  #pacing: NodeJS.Timeout | undefined;
  /** Changes of the store in a millisecond, as seen from one proof to the next. */
  #rate = 0;
  #measured = { index: 0, at: performance.now() };

  /** @param longestSilence milliseconds after which a silent feed is proven when the store is quiet */
  constructor(
    private readonly cluster: Cluster,
    private readonly longestSilence: number,
    private readonly timeout: number,
  ) {}

  /** Tells a subscriber what happens after an index, or from now on. */
  join(subscriber: Subscriber, position: number | undefined): void {
    const shared =
      position === undefined
        ? this.#find(
            (feed) =>
              feed.scope.covers(subscriber.scope) &&
              (feed.isLive || (this.#fresh.has(feed) && feed.position === undefined)),
          )
        : undefined;
    if (shared === undefined) return this.#open(subscriber, position);
    this.#move(subscriber, shared);
    if (shared.isLive) subscriber.onAttached(shared.position ?? 0);
  }

  /** Tells a subscriber nothing more. */
  leave(subscriber: Subscriber): void {
    const feed = this.#feedOf.get(subscriber);
    if (feed === undefined) return;
    this.#feedOf.delete(subscriber);
    feed.subscribers.delete(subscriber);
    this.#fit(feed);
  }

  close(): void {
    clearTimeout(this.#pacing);
    clearImmediate(this.#starting);
    for (const feed of this.#feeds) feed.close();
    this.#feeds.clear();
    this.#fresh.clear();
    this.#feedOf.clear();
  }

  #open(subscriber: Subscriber, position: number | undefined): void {
    const feed = new Feed(
      subscriber.scope,
      {
        cluster: this.cluster,
        timeout: this.timeout,
        period: () => this.#period,
        onSettled: () => this.#onSettled(feed),
      },
      position,
    );
    this.#move(subscriber, feed);
    this.#feeds.add(feed);
    this.#fresh.add(feed);
    this.#starting ??= setImmediate(() => this.#start());
  }

  #start(): void {
    this.#starting = undefined;
    const fresh = [...this.#fresh];
    for (const feed of fresh) {
      const wider = fresh.find(
        (other) =>
          other !== feed &&
          other.position === feed.position &&
          this.#fresh.has(other) &&
          other.scope.covers(feed.scope),
      );
      if (wider !== undefined) this.#moveAll(feed, wider);
    }
    for (const feed of this.#fresh) feed.start();
    this.#fresh.clear();
  }

  #onSettled(feed: Feed): void {
    this.#measure();
    feed.subscribers.attached(feed.position ?? 0);
    this.#fit(feed);
    this.#pace();
  }

  /**
   * Ends a feed that nobody needs. One that a wider feed has caught up with gives its watchers to that, and one that
   * is wider than all its watchers makes way for narrower ones.
   */
  #fit(feed: Feed): void {
    if (feed.subscribers.size === 0) return this.#end(feed);
    const { position } = feed;
    if (!feed.isLive || position === undefined) return;
    const wider = this.#find(
      (other) =>
        other !== feed && other.isLive && other.scope.covers(feed.scope) && (other.position ?? 0) <= position,
    );
    if (wider !== undefined) return this.#moveAll(feed, wider);
    const subscribers = [...feed.subscribers];
    if (subscribers.some(({ scope }) => scope.covers(feed.scope))) return;
    for (const subscriber of subscribers) {
      subscriber.after = Math.max(subscriber.after, position);
      this.#open(subscriber, position);
    }
    this.#end(feed);
  }

  #move(subscriber: Subscriber, feed: Feed): void {
    this.#feedOf.get(subscriber)?.subscribers.delete(subscriber);
    this.#feedOf.set(subscriber, feed);
    feed.subscribers.add(subscriber);
  }

  #moveAll(feed: Feed, wider: Feed): void {
    for (const subscriber of feed.subscribers) {
      subscriber.after = Math.max(subscriber.after, feed.position ?? 0);
      this.#move(subscriber, wider);
    }
    this.#end(feed);
  }

  #end(feed: Feed): void {
    feed.close();
    this.#feeds.delete(feed);
    this.#fresh.delete(feed);
  }

  #find(condition: (feed: Feed) => boolean): Feed | undefined {
    for (const feed of this.#feeds) if (condition(feed)) return feed;
    return undefined;
  }

  /** Milliseconds of silence after which a feed is proven at present. */
  get #period(): number {
    const idle = Math.max(this.longestSilence, this.#feeds.size * spacing);
    return Math.min(idle, Math.max(shortestPeriod, provenWithin / this.#rate));
  }

  #measure(): void {
    const { index } = this.cluster.session.mark();
    const at = performance.now();
    const passed = at - this.#measured.at;
    if (passed < shortestPeriod / 2) return;
    this.#rate = Math.max(0, index - this.#measured.index) / passed;
    this.#measured = { index, at };
  }

  /** Waits until the feed that has been silent for longest is to be proven. */
  #pace(): void {
    if (this.#pacing !== undefined) return;
    let quietSince = Infinity;
    for (const feed of this.#feeds) quietSince = Math.min(quietSince, feed.quietSince);
    if (quietSince === Infinity) return;
    const left = quietSince + this.#period - performance.now();
    this.#pacing = setTimeout(() => this.#proveOldest(), Math.max(spacing, left)).unref();
  }

  #proveOldest(): void {
    this.#pacing = undefined;
    let oldest: Feed | undefined;
    for (const feed of this.#feeds) if (feed.quietSince < (oldest?.quietSince ?? Infinity)) oldest = feed;
    if (oldest !== undefined && performance.now() - oldest.quietSince >= this.#period)
      void oldest.prove().then(() => this.#pace());
    this.#pace();
  }
}
