import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.js';
import { EtcdClusterIdChangedError, EtcdEventIndexClearedError } from '../errors/index.js';
import { fetchHistory } from './history.js';
import type { Line } from './line.js';
import { Lines } from './lines.js';
import type { MemberTrail } from './member-trail.js';
import type { Scope } from './scope.js';
import type { StoreEvent } from './store-event.js';
import { Subscribers, type Gap } from './subscriber.js';
import { isTransient } from './transient.js';

/** What a feed needs to know of its surroundings. */
export interface FeedContext {
  readonly cluster: Cluster;
  /** Milliseconds for one attempt to open a line. */
  readonly timeout: number;
  /** Milliseconds of silence after which a line is proven anew, at present. */
  readonly period: () => number;
  /** How the members came along. */
  readonly members: MemberTrail;
  /** The feed has a new line that tells what happens now. */
  readonly onSettled: () => void;
  /** The feed has ended for good. */
  readonly onFailed: (error: unknown) => void;
}

/** etcd drops a stream without a word when this many of its events wait to be sent. */
const streamBuffer = 100;
/** Silence after that many events makes it likely, in milliseconds. */
const suspiciousSilence = 15;
/** How late a proof may be, in milliseconds. */
const usualDelay = 500;
/** A line that lasts no longer than this has failed, in milliseconds. */
const shortLife = 1_000;
const shortestPause = 50;
const longestPause = 1_000;

/**
 * All changes of one scope, in order and each once, for everybody who watches it or a part of it.
 *
 * A stream brings them, its line. Each line is opened behind the position, so that etcd looks into its history first; and
 * whatever casts doubt on a line makes the history be asked before anything later is told. No decision of what is told
 * depends on how long anything takes.
 */
export class Feed {
  readonly subscribers = new Subscribers();
  /** Everything up to this index has been told; `undefined` before the first line. */
  #position: number | undefined;
  #line: Line | undefined;
  #openedAt = 0;
  /** When the line has last told something, or was opened; on the clock of `performance.now()`. */
  #heardAt = performance.now();
  #triedAt = 0;
  /** Up to this index nothing is left to be told, as far as the lines so far were proven; or the position. */
  #floor = 0;
  /** Events of the line that wait until what lies before them has been fetched. */
  #held: StoreEvent[] | undefined;
  #fetching: AbortController | undefined;
  /** Whether what was missed is fetched side by side. */
  #isBehind = false;
  #isProving = false;
  #quiet: NodeJS.Timeout | undefined;
  #wake: () => void = () => undefined;
  #failures = 0;
  /** Members of another cluster in a row. */
  #foreign = 0;
  readonly #closing = new AbortController();
  readonly #lines: Lines;

  /** @param position the last index that is known; without it, the feed begins with what comes from now on */
  constructor(
    readonly scope: Scope,
    private readonly context: FeedContext,
    position: number | undefined,
  ) {
    this.#position = position;
    this.#lines = new Lines(context.cluster, scope, context.timeout, context.members, this.#closing.signal);
  }

  get position(): number | undefined {
    return this.#position;
  }

  /** Whether it tells what happens now, so that others can join it. */
  get isLive(): boolean {
    return this.#line !== undefined && this.#held === undefined && this.#position !== undefined;
  }

  /** The member that tells; `undefined` while there is no line. */
  get endpoint(): string | undefined {
    return this.#line?.endpoint;
  }

  /** Since when it has neither heard anything nor been proven; `Infinity` while there is nothing to prove. */
  get quietSince(): number {
    if (this.#line === undefined || this.#isProving) return Infinity;
    return Math.max(this.#heardAt, this.#triedAt);
  }

  start(): void {
    void this.#run();
  }

  close(): void {
    this.#closing.abort();
    this.#drop();
  }

  /**
   * Proves that nothing was missed: another line, on another member where there is one, looks into the history and takes
   * over. That also moves the position on, so that a quiet key does not fall out of the history.
   */
  async prove(): Promise<void> {
    const old = this.#line;
    if (old === undefined || this.#position === undefined || this.#isProving) return;
    this.#isProving = true;
    try {
      await this.#takeOver(old);
    } catch (error) {
      // The old line goes on; what ends that one too is met again there.
      if (!isTransient(error) && !(error instanceof EtcdClusterIdChangedError)) this.#fail(error);
    } finally {
      this.#isProving = false;
      this.#triedAt = performance.now();
    }
  }

  /** Asks the member of its line where it is, for all who watch there. */
  async sight(): Promise<void> {
    if (this.#line !== undefined) await this.#lines.sight(this.#line.endpoint).catch(() => undefined);
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      try {
        if (this.#isBehind) await this.#catchUp();
        else if (this.#line === undefined) await this.#attach();
        this.#foreign = 0;
        await woken;
      } catch (error) {
        if (this.#isFinal(error)) return this.#fail(error);
        this.#failures++;
      }
      if (this.#failures > 0) await this.#pause();
    }
  }

  /** Opens a line for what comes after the position. */
  async #attach(): Promise<void> {
    const position = this.#position === undefined ? undefined : Math.max(this.#position, this.#floor);
    let gap: Gap | undefined;
    let line = await this.#lines.after(position);
    if (line === undefined) gap = 'cleared';
    else if (position !== undefined && line.index < position && (await this.#lines.isReset(position))) {
      line.close();
      line = undefined;
      gap = 'reset';
    }
    line ??= await this.#lines.fromNow();
    if (position === undefined || gap !== undefined) this.#position = this.#floor = line.index;
    if (gap !== undefined) this.subscribers.miss(gap);
    this.#use(line);
  }

  /** Opens a line for what comes from now on, and fetches what lies before it. */
  async #catchUp(): Promise<void> {
    this.#isBehind = false;
    const fetching = new AbortController();
    this.#fetching = fetching;
    let to = Infinity;
    const from = Math.max(this.#position ?? 0, this.#floor) + 1;
    const fetched = fetchHistory(
      this.#lines,
      from,
      () => to,
      fetching.signal,
      (event) => this.#tell(event),
    ).catch((error: unknown) => error);
    try {
      const line = await this.#lines.fromNow(this.#line?.endpoint);
      to = line.index;
      this.#use(line, true);
      if (to <= (this.#position ?? 0)) fetching.abort();
      const problem = await fetched;
      if (this.#line === line) this.#finishCatchUp(line, fetching.signal.aborted ? undefined : problem);
    } catch (error) {
      this.#isBehind = true;
      throw error;
    } finally {
      fetching.abort();
    }
  }

  /** @param problem what has ended the fetching of what lies before a line */
  #finishCatchUp(line: Line, problem: unknown): void {
    if (problem instanceof EtcdEventIndexClearedError) this.subscribers.miss('cleared');
    else if (problem !== undefined) {
      this.#failures++;
      return this.#lose(line, true);
    }
    this.#position = Math.max(this.#position ?? 0, line.index);
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#onEvent(line, event);
    if (this.isLive) this.context.onSettled();
  }

  async #takeOver(old: Line): Promise<void> {
    const { cluster, members } = this.context;
    this.#raiseFloor(old);
    const from = Math.max(this.#position ?? 0, this.#floor);
    const line = await this.#lines.after(from, old.endpoint);
    if (this.#line !== old) return line?.close();
    if (line === undefined) {
      // More has happened elsewhere than the history holds. As long as its member comes along, the old one still hears.
      await this.#lines.sight(old.endpoint);
      if (!members.isInStep(old.endpoint, cluster.session.mark().index)) this.#lose(old, true);
      return;
    }
    if (line.index < Math.max(from, old.index)) {
      // A member that is behind hears no better, unless all are.
      line.close();
      cluster.leave(line.endpoint);
      if (line.index < from && (await this.#lines.isReset(from))) this.#lose(old, false);
      return;
    }
    this.#use(line);
  }

  /** Takes in how far a line has told everything, which may be further than its last event. */
  #raiseFloor(line: Line): void {
    const { members } = this.context;
    const mayBeDeaf = line.hitHistory || line.told >= streamBuffer || this.#held !== undefined;
    if (mayBeDeaf || members.hasJumpedSince(line.endpoint, this.#openedAt)) return;
    this.#floor = Math.max(this.#floor, members.toldUpTo(line.endpoint, this.#openedAt));
  }

  #use(line: Line, holds = false): void {
    if (this.#closing.signal.aborted) return line.close();
    this.#line?.close();
    this.#line = line;
    this.#held = holds ? [] : undefined;
    if (!holds) this.#fetching?.abort();
    this.#openedAt = this.#heardAt = performance.now();
    line.listen({
      onEvent: (event) => this.#onEvent(line, event),
      onEnd: () => {
        if (performance.now() - this.#openedAt < shortLife) this.#failures++;
        this.#lose(line, false);
      },
    });
    if (this.isLive) this.context.onSettled();
  }

  #onEvent(line: Line, event: StoreEvent): void {
    if (this.#line !== line) return;
    if (this.#held !== undefined) {
      this.#held.push(event);
      return;
    }
    if (line.hitHistory) {
      // It says nothing more, whether this event is news or not.
      this.#tell(event);
      return this.#lose(line, event.index < line.index);
    }
    // etcd tells the removal of the watched key itself twice.
    const position = this.#position ?? 0;
    if (event.index <= position) return;
    if (event.index - Math.max(position, line.index) > 1 && this.#isDoubtful(line, event))
      return this.#lose(line, true);
    this.#tell(event);
    if (line.told >= streamBuffer) this.#watchForSilence();
  }

  /** Whether the member may have got a snapshot meanwhile, so that the history must tell what lies before an event. */
  #isDoubtful({ endpoint }: Line, { index }: StoreEvent): boolean {
    const { members, period } = this.context;
    const isOverdue = performance.now() - members.seenAt(endpoint) > 2 * period() + usualDelay;
    members.seen(endpoint, index, undefined);
    return isOverdue || members.hasJumpedSince(endpoint, this.#openedAt);
  }

  #tell(event: StoreEvent): void {
    if (event.index <= (this.#position ?? 0)) return;
    this.#position = event.index;
    this.#failures = 0;
    this.#heardAt = performance.now();
    this.context.cluster.session.advance({ etcdIndex: event.index, raftTerm: undefined });
    this.subscribers.tell(event);
  }

  #watchForSilence(): void {
    this.#quiet ??= setTimeout(() => {
      this.#quiet = undefined;
      if ((this.#line?.told ?? 0) < streamBuffer || this.#held !== undefined) return;
      this.#isBehind = true;
      this.#wake();
    }, suspiciousSilence);
    this.#quiet.refresh();
  }

  /** Gives up a line; what comes after the position is asked of another one. */
  #lose(line: Line, isBehind: boolean): void {
    if (this.#line !== line) return;
    this.#raiseFloor(line);
    this.#isBehind = isBehind;
    this.#drop();
  }

  #drop(): void {
    clearTimeout(this.#quiet);
    this.#quiet = undefined;
    this.#line?.close();
    this.#line = undefined;
    this.#held = undefined;
    this.#fetching?.abort();
    this.#wake();
  }

  #isFinal(error: unknown): boolean {
    if (error instanceof EtcdClusterIdChangedError)
      return ++this.#foreign > this.context.cluster.addresses.length;
    return !isTransient(error);
  }

  #fail(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.close();
    this.context.onFailed(error);
  }

  async #pause(): Promise<void> {
    const pause = Math.min(longestPause, shortestPause * 2 ** Math.min(this.#failures - 1, 10));
    const { signal } = this.#closing;
    await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
}
