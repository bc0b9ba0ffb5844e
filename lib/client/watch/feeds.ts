import type { Cluster } from '../cluster/cluster.js';
import { Feed } from './feed.js';
import { MemberTrail } from './member-trail.js';
import type { Subscriber } from './subscriber.js';

/** Members are asked where they are before the history, which holds 1,000 changes, has moved on by this many. */
const seenWithin = 150;
/** But not more often than once in so many milliseconds. */
const shortestPause = 100;
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
  readonly #members = new MemberTrail();
  readonly #feedOf = new Map<Subscriber, Feed>();
  #starting: NodeJS.Immediate | undefined;
  #pacing: NodeJS.Timeout | undefined;
  #sighting: NodeJS.Timeout | undefined;
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
    clearTimeout(this.#sighting);
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
        members: this.#members,
        onSettled: () => this.#onSettled(feed),
        onFailed: (error) => this.#onFailed(feed, error),
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
    for (const feed of this.#fresh) void feed.run();
    this.#fresh.clear();
  }

  #onSettled(feed: Feed): void {
    this.#measure();
    feed.subscribers.attached(feed.position ?? 0);
    this.#fit(feed);
    this.#pace();
  }

  /** Who only joined a wider feed may be allowed what that was refused. */
  #onFailed(feed: Feed, error: unknown): void {
    const [...subscribers] = feed.subscribers;
    for (const subscriber of subscribers) {
      if (!subscriber.scope.covers(feed.scope)) {
        this.#open(subscriber, feed.position);
        continue;
      }
      feed.subscribers.delete(subscriber);
      this.#feedOf.delete(subscriber);
      subscriber.onFailed(error);
    }
    this.#end(feed);
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

  /** Milliseconds of silence after which a feed is proven. */
  get #period(): number {
    return Math.max(this.longestSilence, this.#feeds.size * spacing);
  }

  #measure(): void {
    const { index } = this.cluster.session.mark();
    const at = performance.now();
    const passed = at - this.#measured.at;
    if (passed < shortestPause) return;
    const rate = Math.max(0, index - this.#measured.index) / passed;
    this.#measured = { index, at };
    this.#watchMembers(rate);
  }

  /** In a busy store, asks members where they are, often enough to know where silent watches would begin again. */
  #watchMembers(rate: number): void {
    if (this.#sighting !== undefined) return;
    const pause = Math.max(shortestPause, seenWithin / rate);
    if (pause >= this.longestSilence) return;
    this.#sighting = setTimeout(() => {
      const byEndpoint = new Map([...this.#feeds].map((feed) => [feed.endpoint, feed]));
      byEndpoint.delete(undefined);
      void Promise.all(Array.from(byEndpoint.values(), (feed) => feed.sight())).then(() => {
        this.#sighting = undefined;
        this.#measure();
      });
    }, pause).unref();
  }

  /** Waits until the feed that has been silent for longest is to be proven. */
  #pace(): void {
    if (this.#pacing !== undefined || this.#feeds.size === 0) return;
    let quietSince = Infinity;
    for (const feed of this.#feeds) quietSince = Math.min(quietSince, feed.quietSince);
    const left = Math.min(this.#period, quietSince + this.#period - performance.now());
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
