import type { Cluster } from '../cluster/cluster.js';
import { EtcdClosedError } from '../errors/index.js';
import type { EtcdLogger } from '../options/index.js';
import { Feed } from './feed.js';
import { MemberTrail } from './member-trail.js';
import { Pace } from './pace.js';
import { keysUpFrom, type Scope } from './scope.js';
import type { Subscriber } from './subscriber.js';
import { tellArmed } from './tell.js';

/**
 * The feeds of a client. Watchers of the same keys share one, and those of a part of what is watched already join it.
 */
export class Feeds {
  readonly #feeds = new Set<Feed>();
  readonly #byKey = new Map<string, Set<Feed>>();
  /** Those that are not yet started: what is asked for at the same time is looked at together. */
  readonly #fresh = new Set<Feed>();
  readonly #feedOf = new Map<Subscriber, Feed>();
  readonly #members = new MemberTrail((endpoint) => this.#pace.leapt(endpoint));
  readonly #pace: Pace;
  #starting: NodeJS.Immediate | undefined;
  #isClosed = false;
  /** Whether it has been said that watches are not answered. */
  #isUnanswered = false;

  /** @param longestSilence milliseconds after which a silent feed is proven */
  constructor(
    private readonly cluster: Cluster,
    longestSilence: number,
    private readonly timeout: number,
    private readonly logger: EtcdLogger,
  ) {
    this.#pace = new Pace(this.#feeds, cluster.session, longestSilence);
  }

  /** Tells a subscriber what happens after an index, or from now on. */
  join(subscriber: Subscriber, position: number | undefined): void {
    if (this.#isClosed) return subscriber.onFailed(new EtcdClosedError());
    const isJoinable = (feed: Feed) =>
      feed.isLive || (this.#fresh.has(feed) && feed.sequence.position === undefined);
    const shared = position === undefined ? this.#findCover(subscriber.scope, isJoinable) : undefined;
    if (shared === undefined) return this.#open(subscriber, position);
    this.#move(subscriber, shared);
    if (shared.isLive) subscriber.onAttached(shared.sequence.position ?? 0);
  }

  /** Tells a subscriber nothing more. */
  leave(subscriber: Subscriber): void {
    const feed = this.#feedOf.get(subscriber);
    if (feed === undefined) return;
    this.#feedOf.delete(subscriber);
    feed.sequence.subscribers.delete(subscriber);
    if (feed.sequence.subscribers.size === 0) this.#end(feed);
    else if (subscriber.scope.covers(feed.scope)) this.#fit(feed);
  }

  close(): void {
    this.#isClosed = true;
    this.#pace.close();
    clearImmediate(this.#starting);
    for (const feed of this.#feeds) feed.close();
    this.#feeds.clear();
    this.#byKey.clear();
    this.#fresh.clear();
    this.#feedOf.clear();
  }

  #open(subscriber: Subscriber, position: number | undefined): void {
    const { scope } = subscriber;
    const feed = new Feed(
      scope,
      {
        cluster: this.cluster,
        timeout: this.timeout,
        members: this.#members,
        onSettled: () => this.#onSettled(feed),
        onUnanswered: () => this.#onUnanswered(feed),
        onFailed: (error) => this.#onFailed(feed, error),
      },
      position,
    );
    this.#move(subscriber, feed);
    this.#feeds.add(feed);
    const equals = this.#byKey.get(scope.key);
    if (equals === undefined) this.#byKey.set(scope.key, new Set([feed]));
    else equals.add(feed);
    this.#fresh.add(feed);
    this.#starting ??= setImmediate(() => this.#start());
  }

  #start(): void {
    this.#starting = undefined;
    for (const feed of this.#fresh) {
      const isFresh = (other: Feed) =>
        other !== feed && this.#fresh.has(other) && other.sequence.position === feed.sequence.position;
      const wider = this.#findCover(feed.scope, isFresh);
      if (wider !== undefined) this.#moveAll(feed, wider);
    }
    for (const feed of this.#fresh) void feed.run();
    this.#fresh.clear();
    this.#pace.keep();
  }

  /** Says so once for all watches, since nothing else does where a member answers requests, but no watches. */
  #onUnanswered({ scope }: Feed): void {
    if (this.#isUnanswered) return;
    this.#isUnanswered = true;
    this.logger.warn(
      `The watch of ${scope.key} is not answered; it is tried again. If other requests are, a proxy holds the answers to watches back: use the addresses of the members.`,
    );
  }

  #onSettled(feed: Feed): void {
    this.#isUnanswered = false;
    tellArmed(this.cluster.client, feed);
    feed.sequence.subscribers.attached(feed.sequence.position ?? 0);
    this.#fit(feed);
    this.#pace.keep();
  }

  /** Who only joined a wider feed may be allowed what that was refused. */
  #onFailed(feed: Feed, error: unknown): void {
    for (const subscriber of feed.sequence.subscribers) {
      if (!subscriber.scope.covers(feed.scope)) {
        this.#open(subscriber, feed.sequence.position);
        continue;
      }
      feed.sequence.subscribers.delete(subscriber);
      this.#feedOf.delete(subscriber);
      subscriber.onFailed(error);
    }
    this.#end(feed);
  }

  /**
   * A feed that a wider one has not got ahead of gives its watchers to that; one that is wider than all its watchers
   * makes way for narrower ones.
   */
  #fit(feed: Feed): void {
    const { position } = feed.sequence;
    if (!feed.isLive || position === undefined) return;
    const isBehind = (other: Feed) =>
      other !== feed && other.isLive && (other.sequence.position ?? 0) <= position;
    const wider = this.#findCover(feed.scope, isBehind);
    if (wider !== undefined) return this.#moveAll(feed, wider);
    for (const { scope } of feed.sequence.subscribers) if (scope.covers(feed.scope)) return;
    for (const subscriber of feed.sequence.subscribers) {
      subscriber.after = Math.max(subscriber.after, feed.sequence.told);
      this.#open(subscriber, position);
    }
    this.#end(feed);
  }

  #move(subscriber: Subscriber, feed: Feed): void {
    this.#feedOf.get(subscriber)?.sequence.subscribers.delete(subscriber);
    this.#feedOf.set(subscriber, feed);
    feed.sequence.subscribers.add(subscriber);
  }

  #moveAll(feed: Feed, wider: Feed): void {
    for (const subscriber of feed.sequence.subscribers) {
      subscriber.after = Math.max(subscriber.after, feed.sequence.told);
      this.#move(subscriber, wider);
    }
    this.#end(feed);
  }

  #end(feed: Feed): void {
    feed.close();
    this.#feeds.delete(feed);
    this.#fresh.delete(feed);
    const equals = this.#byKey.get(feed.scope.key);
    equals?.delete(feed);
    if (equals?.size === 0) this.#byKey.delete(feed.scope.key);
  }

  /** A feed that hears everything of a scope, and fulfils a condition. */
  #findCover(scope: Scope, condition: (feed: Feed) => boolean): Feed | undefined {
    for (const key of keysUpFrom(scope.key)) {
      for (const feed of this.#byKey.get(key) ?? [])
        if (feed.scope.covers(scope) && condition(feed)) return feed;
    }
    return undefined;
  }
}
