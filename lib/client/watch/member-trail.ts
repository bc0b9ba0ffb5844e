import type { Line } from './line.js';

/** A member that is caught up by a snapshot of raft's jumps over at least this many store indexes, in all likelihood. */
const suspiciousJump = 500;
/** A leader keeps 5,000 entries of raft's log for members that lag; those that lag more get a snapshot. */
const snapshotDistance = 4_000;
/** How far two members may be apart that both take part, in store indexes. */
const usualLag = 500;
/** What a watch had to tell of an index it has told within this time, in milliseconds, by a member that answers others. */
const tellingTime = 200;
/** And within this time of such an answer: the member may have stood still before it. */
export const wakingTime = 50;
/** How long it may take until a member that was away has come along, in milliseconds. */
const returning = 5_000;
/** For so long a member that is not heard of is believed to have come along, in milliseconds. */
const longestUnseen = 300;
/** Milliseconds between two sights that are kept. */
const resolution = 20;
const mostSights = 100;

/** A watch of a member: where the member was, and when. */
type Opened = Pick<Line, 'endpoint' | 'index' | 'openedAt' | 'isClosed'>;

/** That a member was at an index, at a time on the clock of `performance.now()`. */
interface Sight {
  readonly index: number;
  readonly at: number;
}

/** What is known of one member. */
class Trail {
  /** Sights of its index, oldest first. */
  readonly sights: Sight[] = [];
  index = 0;
  raftIndex = 0;
  /** When it has last told raft's index. */
  at = -Infinity;
  /** When it was last seen to have jumped. */
  jumpedAt = -Infinity;
  /** On which it has told something across a gap since it last told raft's index, and what is called when it has jumped. */
  readonly leaps = new Map<Opened, () => void>();

  see(index: number, mayHaveJumped: boolean): void {
    const at = performance.now();
    if (mayHaveJumped) this.jumpedAt = Math.max(this.jumpedAt, at);
    this.index = Math.max(this.index, index);
    const last = this.sights.at(-1);
    if (last !== undefined && at - last.at < resolution) return;
    this.sights.push({ index, at });
    if (this.sights.length > mostSights) this.sights.shift();
  }
}

/**
 * How the members came along, as all watches of a client together have seen it: what a single watch that hears nothing
 * cannot know.
 */
export class MemberTrail {
  readonly #members = new Map<string, Trail>();

  /** @param onLeap a member has told something across a gap, and is to be asked soon whether it had jumped before */
  constructor(private readonly onLeap: (endpoint: string) => void = () => undefined) {}

  /** A member has said where it is. Only the index of raft tells of a snapshot for sure; where there is none, that of the store. */
  seen(endpoint: string, index: number, raftIndex?: number): void {
    const member = this.#of(endpoint);
    const isKnown = member.index > 0;
    const hasJumped =
      raftIndex === undefined
        ? index - member.index > suspiciousJump
        : raftIndex - member.raftIndex > snapshotDistance;
    member.see(index, isKnown && hasJumped);
    if (raftIndex === undefined) return;
    member.raftIndex = raftIndex;
    member.at = performance.now();
    const leaps = [...member.leaps];
    member.leaps.clear();
    if (isKnown && hasJumped) for (const [line, onSkipped] of leaps) if (!line.isClosed) onSkipped();
  }

  /** Whether a member has told anybody anything since a time. */
  wasSeenSince(endpoint: string, at: number): boolean {
    return (this.#of(endpoint).sights.at(-1)?.at ?? -Infinity) >= at;
  }

  /** A member has been away or stood still. It may be behind, and be caught up by a snapshot in a moment. */
  returned(endpoint: string): void {
    this.#of(endpoint).jumpedAt = performance.now() + returning;
  }

  /** What was known is of a store that is no more. */
  forget(): void {
    this.#members.clear();
  }

  /**
   * Whether a member may have jumped since a time. One that lags, and is caught up by a snapshot of raft's, skips events in
   * its open watches, and nothing that it says tells so.
   */
  hasJumpedSince(endpoint: string, at: number): boolean {
    return this.#of(endpoint).jumpedAt >= at;
  }

  /**
   * Takes in that a watch has told an event, and decides whether its member may have skipped something before it: there was
   * room for that since the last one, and the member has been seen to jump since the watch was opened, or not been heard of.
   *
   * @param line the watch, with the index at which it was opened
   * @param position up to where everything is known
   * @param onSkipped called when it turns out later that it had jumped, although nothing has spoken for that now
   */
  mayHaveSkipped(line: Opened, index: number, position: number, onSkipped: () => void): boolean {
    const { endpoint, index: from, openedAt } = line;
    const member = this.#of(endpoint);
    const isOverdue = performance.now() - member.at > longestUnseen;
    this.seen(endpoint, index);
    if (index - Math.max(position, from) <= 1) return false;
    if (isOverdue || member.jumpedAt >= openedAt) return true;
    // It may have stood still until a moment before it was heard of last, and get a snapshot only now.
    member.leaps.set(line, onSkipped);
    this.onLeap(endpoint);
    return false;
  }

  /** Whether a member was close to an index that the cluster has reached, when it was last heard of. */
  isInStep(endpoint: string, index: number): boolean {
    return this.#of(endpoint).index > index - usualLag;
  }

  /**
   * Whether a watch that was opened at a time has told by now what its member had for it then: the member has answered
   * somebody else long enough afterwards. Nothing is said of what came later, when its connection may have broken.
   */
  hasTold(endpoint: string, openedAt: number): boolean {
    return this.#awake(endpoint) >= openedAt + tellingTime;
  }

  /**
   * The index up to which a watch that was opened at a time has told everything, if its connection is alive: the member
   * had reached it long enough before it last answered somebody else. 0 when nothing can be said.
   */
  toldUpTo(endpoint: string, openedAt: number): number {
    if (this.hasJumpedSince(endpoint, openedAt)) return 0;
    const awake = this.#awake(endpoint);
    const told = this.#of(endpoint).sights.findLast(({ at }) => at <= awake - tellingTime);
    return told === undefined || told.at < openedAt ? 0 : told.index;
  }

  /** When a member has last answered, a little while ago. */
  #awake(endpoint: string): number {
    const now = performance.now();
    return this.#of(endpoint).sights.findLast(({ at }) => at <= now - wakingTime)?.at ?? -Infinity;
  }

  #of(endpoint: string): Trail {
    let member = this.#members.get(endpoint);
    if (member === undefined) this.#members.set(endpoint, (member = new Trail()));
    return member;
  }
}
