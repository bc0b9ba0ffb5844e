import { EtcdEventIndexClearedError, EtcdResponseTooLargeError } from '../errors/index.js';
import { Backoff } from './backoff.js';
import { Deafness, isSuspect } from './deafness.js';
import type { FeedContext } from './feed-context.js';
import { Fetching } from './fetching.js';
import { isEndOfPeer, type Line } from './line.js';
import { Lines } from './lines.js';
import type { Scope } from './scope.js';
import { Refusals } from './refusals.js';
import { Sequence } from './sequence.js';
import { Standby } from './standby.js';
import type { StoreEvent } from './store-event.js';
import type { Gap } from './subscriber.js';
import { isTransient } from '../errors/transient.js';

/**
 * All changes of one scope for everybody who watches it or a part of it.
 * A stream brings them, its line. Each is opened behind what was told, so that etcd looks into its history first; and
 * whatever casts doubt on it makes the history be asked before anything later is told.
 */
export class Feed {
  /** What it tells, and to whom. */
  readonly sequence: Sequence;
  readonly #lines: Lines;
  readonly #standby: Standby;
  readonly #deafness: Deafness;
  #line: Line | undefined;
  /** The member that told last. */
  #member: string | undefined;
  /** raft's term when the first line was opened, or one that has told something since, or as raft has told it. */
  #term = 0;
  #triedAt = 0;
  /** Events of the line that wait until what lies before them has been fetched. */
  #held: StoreEvent[] | undefined;
  #fetching: Fetching | undefined;
  /** Whether what was missed is to be fetched side by side. */
  #isBehind = false;
  /** Whether something is known to be missing. */
  #isMissing = false;
  #isProving = false;
  #wake: () => void = () => undefined;
  readonly #closing = new AbortController();
  readonly #refusals: Refusals;
  readonly #backoff = new Backoff(this.#closing.signal);

  /** @param position the last index that is known; without it, the feed begins with what comes from now on */
  constructor(
    readonly scope: Scope,
    private readonly context: FeedContext,
    position: number | undefined,
  ) {
    const { cluster, members, timeout } = context;
    this.sequence = new Sequence(cluster.session, position);
    this.#lines = new Lines(cluster, scope, timeout, members, this.#closing.signal);
    this.#refusals = new Refusals(cluster, context.onUnanswered);
    this.#standby = new Standby(this.#lines);
    this.#deafness = new Deafness(this.sequence, this.#standby, this.#lines, (isMissing) => {
      this.#isBehind ||= this.isLive;
      this.#isMissing = isMissing;
      if (this.#isBehind) this.#wake();
    });
  }

  /** Whether it tells what happens now, so that others can join it. */
  get isLive(): boolean {
    return this.#line !== undefined && this.#held === undefined;
  }

  /** The member that tells; `undefined` while there is no line. */
  get endpoint(): string | undefined {
    return this.#line?.endpoint;
  }

  /** Since when it has neither heard anything nor been proven; `Infinity` while there is nothing to prove. */
  get quietSince(): number {
    if (this.#line === undefined || this.#isProving) return Infinity;
    return Math.max(this.sequence.toldAt, this.#line.openedAt, this.#triedAt);
  }

  close(): void {
    this.#closing.abort();
    this.#standby.close();
    this.#drop();
  }

  /** Asks a member, or that of its line, where it is, for all who watch there. */
  async sight(member = this.endpoint): Promise<void> {
    if (member !== undefined) await this.#lines.sight(member, this.sequence.newest).catch(() => undefined);
  }

  /** Proves that nothing was missed: another line, on another member where there is one, takes over. */
  async prove(): Promise<void> {
    const old = this.#line;
    if (old === undefined || this.#isProving) return;
    this.#isProving = true;
    try {
      await this.#takeOver(old);
    } catch (error) {
      // The old line goes on, unless its own member refuses it now.
      if (!isTransient(error) && this.#refusals.leave(error) === old.endpoint) this.#fail(error);
    } finally {
      this.#isProving = false;
      this.#triedAt = performance.now();
    }
  }

  /** Opens a line whenever there is none, until it is closed. It never rejects. */
  async run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      try {
        if (this.#isBehind) await this.#catchUp();
        else if (this.#line === undefined) await this.#attach();
        this.#refusals.none();
        await woken;
      } catch (error) {
        if (this.#refusals.isFinal(error)) return this.#fail(error);
        this.#backoff.failed();
      }
      await this.#backoff.pause();
    }
  }

  /** Opens a line for what comes after the position. */
  async #attach(): Promise<void> {
    const { position } = this.sequence;
    let gap: Gap | undefined;
    let line = await this.#lines.after(position);
    if (line === undefined) gap = 'cleared';
    else if (position !== undefined && (await this.#lines.isOfResetStore(line, position, this.#term))) {
      line = undefined;
      gap = 'reset';
    }
    line ??= await this.#lines.fromNow();
    if (this.#member !== undefined) this.context.members.returned(line.endpoint);
    if (position === undefined || gap !== undefined) {
      this.sequence.begin(line.index, gap);
      this.#term = line.raftTerm;
    }
    this.#use(line);
  }

  /** Opens a line for what comes from now on, and fetches what lies before it. */
  async #catchUp(): Promise<void> {
    this.#isBehind = false;
    const position = this.sequence.position ?? 0;
    const fetching = (this.#fetching = new Fetching());
    const standby = this.#standby.take(position);
    // Where another line has heard everything from there on, there is nothing to fetch.
    if (standby === undefined || standby.index > position) {
      const isDense = this.#isMissing && this.#line?.isDense(position) === true;
      const range = { from: position + 1, member: this.#member, isDense };
      fetching.begin(this.#lines, range, (event) => this.sequence.tell(event));
    }
    this.#isMissing = false;
    try {
      const line = standby ?? (await this.#lines.fromNow(this.#member, position));
      // Another line has taken over, or the old one has ended: what was being fetched is theirs now.
      if (fetching.isOver) return line.close();
      // Attaching tells it.
      if (await this.#lines.isOfResetStore(line, position, this.#term)) return this.#wake();
      if (fetching.isOver) return line.close();
      this.#isBehind = false;
      fetching.upTo(line.index);
      this.#standby.open(line.endpoint);
      this.#use(line, true);
      if (line.index <= (this.sequence.position ?? 0)) fetching.end();
      const outcome = await fetching.outcome();
      if (this.#line === line) this.#release(line, outcome);
    } catch (error) {
      this.#member = undefined;
      this.#isBehind = true;
      throw error;
    } finally {
      fetching.end();
    }
  }

  /** Tells what was held. @param outcome whether everything before it has been fetched, or why not */
  #release(line: Line, outcome: unknown): void {
    if (outcome instanceof EtcdEventIndexClearedError) this.sequence.begin(line.index, 'cleared');
    else if (outcome === false) return this.#lose(line, false);
    else if (outcome instanceof EtcdResponseTooLargeError) return this.#fail(outcome);
    else if (outcome !== true) {
      this.#lose(line, true);
      return this.#backoff.failed();
    }
    this.sequence.settle(line.index);
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#onEvent(line, event);
    if (!this.isLive) return;
    this.#deafness.listen(line);
    this.context.onSettled();
  }

  async #takeOver(old: Line, mayRepeat = true): Promise<void> {
    const { cluster, members } = this.context;
    if (!members.hasTold(old.endpoint, old.openedAt)) await this.#lines.sightAwake(old.endpoint);
    if (this.#line !== old) return;
    this.#settle(old);
    const position = this.sequence.position ?? 0;
    const line = await this.#lines.after(position, old.endpoint);
    if (this.#line !== old) return line?.close();
    if (line === undefined) {
      // More has happened elsewhere than the history holds. While its member comes along, the old line is believed.
      await this.#lines.sight(old.endpoint);
      const hears = !isSuspect(old) && members.isInStep(old.endpoint, cluster.session.mark().index);
      if (!hears || members.hasJumpedSince(old.endpoint, old.openedAt)) return this.#lose(old, true);
      this.sequence.settle(members.toldUpTo(old.endpoint, old.openedAt));
      return mayRepeat && (this.sequence.position ?? 0) > position ? this.#takeOver(old, false) : undefined;
    }
    if (line.index >= Math.max(position, old.index) && line.raftTerm >= this.#term) {
      if (line.endpoint !== old.endpoint) this.#standby.drop();
      return this.#use(line);
    }
    // A member that is behind hears no better, unless all are.
    cluster.leave(line.endpoint);
    if (await this.#lines.isOfResetStore(line, position, this.#term)) this.#lose(old, false);
    else line.close();
  }

  #use(line: Line, holds = false): void {
    if (this.#closing.signal.aborted) return line.close();
    this.#deafness.stop();
    this.#line?.close();
    this.#line = line;
    this.#held = holds ? [] : undefined;
    if (!holds) this.#fetching?.end();
    this.#member = line.endpoint;
    line.listen({
      onEvent: (event) => this.#onEvent(line, event),
      onEnd: (problem) => {
        if (problem instanceof EtcdResponseTooLargeError) return this.#fail(problem);
        // Its connection was alive up to now: it has told what it had to since it was opened, too.
        if (isEndOfPeer(problem) && this.isLive && !isSuspect(line))
          this.sequence.settle(this.context.members.toldUpTo(line.endpoint, line.openedAt));
        this.#lose(line, false);
        this.#backoff.lasted(performance.now() - line.openedAt);
      },
    });
    if (this.isLive) this.context.onSettled();
  }

  #onEvent(line: Line, event: StoreEvent): void {
    if (this.#line !== line) return;
    if (this.#held !== undefined) return void this.#held.push(event);
    if (line.hitHistory) {
      // It says nothing more, whether this event is news or not.
      this.sequence.tell(event);
      return this.#lose(line, event.index < line.index);
    }
    // etcd tells the removal of the watched key itself twice.
    if (this.sequence.isPast(event)) return;
    const { members } = this.context;
    if (members.mayHaveSkipped(line, event.index, this.sequence.position ?? 0, this.#onSkipped)) {
      // What stands by is of the same member.
      this.#standby.drop();
      this.#isBehind = true;
      return this.#drop();
    }
    this.sequence.tell(event);
    this.#term = Math.max(this.#term, line.raftTerm);
    this.#standby.noted(this.sequence.toldAt, line.endpoint, event.index);
    this.#deafness.listen(line);
  }

  readonly #onSkipped = (): void => this.sequence.subscribers.miss('skipped');

  /** Takes in that a line which has told nothing has had nothing to tell when it was opened. */
  #settle(line: Line): void {
    if (line.hitHistory || this.#held !== undefined) return;
    if (this.context.members.hasTold(line.endpoint, line.openedAt)) this.sequence.settle(line.index);
  }

  /** Gives up a line; what comes after the position is asked of another one. */
  #lose(line: Line, isBehind: boolean): void {
    if (this.#line !== line) return;
    this.#settle(line);
    if (line.told > 0) this.#backoff.succeeded();
    this.#isBehind = isBehind;
    this.#drop();
  }

  #drop(): void {
    this.#deafness.stop();
    this.#term = Math.max(this.#term, this.context.cluster.session.provenTerm);
    this.#line?.close();
    this.#line = undefined;
    this.#held = undefined;
    this.#fetching?.end();
    this.#wake();
  }

  #fail(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.close();
    this.context.onFailed(error);
  }
}
