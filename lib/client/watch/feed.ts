import { setTimeout as sleep } from 'node:timers/promises';
import { Call } from '../cluster/call.js';
import type { Cluster } from '../cluster/cluster.js';
import { EtcdClusterIdChangedError, EtcdEventIndexClearedError } from '../errors/index.js';
import { fetchHistory } from './history.js';
import { Line, type LineOptions } from './line.js';
import { type EtcdRelation, Scope } from './scope.js';
import { readState } from './state.js';
import type { StoreEvent } from './store-event.js';
import { isTransient } from './transient.js';

/** Why changes are lost to a feed. */
export type Gap = 'cleared' | 'reset';

/** What a feed tells each of those who share it. */
export interface Subscriber {
  readonly scope: Scope;
  /** Events up to this index are not for it. */
  after: number;
  /** Everything after `index` will be told. */
  onAttached(index: number): void;
  onEvent(event: StoreEvent, relation: EtcdRelation): void;
  /** Changes up to the feed's present position are lost; those after it will be told. */
  onGap(gap: Gap): void;
  /** Nothing more will be told. */
  onFailed(error: unknown): void;
}

/** What a feed needs to know of its surroundings. */
export interface FeedContext {
  readonly cluster: Cluster;
  /** Milliseconds for one attempt to open a line. */
  readonly timeout: number;
  /** Milliseconds of silence after which a line is proven anew, at present. */
  readonly period: () => number;
  /** A feed has a line, or has proven it: its position is that of now. */
  readonly onSettled: (feed: Feed) => void;
}

/** etcd drops a stream without a word when it has this many events to send. */
const streamBuffer = 100;
/** Silence after that many events makes a drop likely, in milliseconds. */
const suspiciousSilence = 25;
/** A jump of the index that a member may have made by a snapshot of raft's, which skips the events of open watches. */
const suspiciousJump = 500;
/** A leader keeps 5,000 entries of raft's log for members that lag; those that lag more get a snapshot. */
const snapshotDistance = 4_000;
/** How far two members may be apart that both take part, in store indexes. */
const usualLag = 500;
/** How long a line that is alive may take to tell what another one has told, in milliseconds. */
const grace = 100;
/** The same for what the other one has already found in the history. */
const shortGrace = 5;
/** A line that lasts no longer than this has failed, in milliseconds. */
const shortLife = 1_000;
const shortestPause = 50;
const longestPause = 1_000;

/**
 * All changes of one scope, in order and each once, for everybody who watches it or a part of it. A stream brings them;
 * what it may have missed is fetched out of etcd's history before anything later is told.
 */
export class Feed {
  readonly subscribers = new Set<Subscriber>();
  /** When an event came last, or the line was last proven; on the clock of `performance.now()`. */
  heardAt = performance.now();
  /** Everything up to this index has been told; `undefined` before the first line. */
  #position: number | undefined;
  #line: Line | undefined;
  #openedAt = 0;
  /** Events of the line that wait until what lies before them has been fetched. */
  #held: StoreEvent[] | undefined;
  #fetching: AbortController | undefined;
  /** Whether so much was missed that it is fetched side by side. */
  #isBehind = false;
  /** Events since the line was last known to be registered at its member. */
  #unproven = 0;
  #quiet: NodeJS.Timeout | undefined;
  #isProving = false;
  #triedAt = 0;
  #wake: () => void = () => undefined;
  #failures = 0;
  /** Members of another cluster in a row. */
  #foreign = 0;
  readonly #closing = new AbortController();

  /** @param position the last index that is known; without it, the feed begins with what comes from now on */
  constructor(
    readonly scope: Scope,
    private readonly context: FeedContext,
    position: number | undefined,
  ) {
    this.#position = position;
  }

  get position(): number | undefined {
    return this.#position;
  }

  /** Whether it tells what happens now, so that others can join it. */
  get isLive(): boolean {
    return this.#line !== undefined && this.#held === undefined && this.#position !== undefined;
  }

  /** Since when it has neither heard anything nor tried to; `Infinity` while there is nothing to prove. */
  get quietSince(): number {
    if (this.#line === undefined || this.#isProving) return Infinity;
    return Math.max(this.heardAt, this.#triedAt);
  }

  start(): void {
    void this.#run();
  }

  close(): void {
    this.#closing.abort();
    clearTimeout(this.#quiet);
    this.#drop();
  }

  /**
   * Proves that the line still hears: another one, on another member where there is one, looks into the history and
   * takes over. That also moves the position on, so that a quiet key never falls out of the history.
   */
  async prove(): Promise<void> {
    const old = this.#line;
    if (old === undefined || this.#position === undefined || this.#isProving) return;
    this.#isProving = true;
    try {
      await this.#takeOver(old, this.#position);
    } catch (error) {
      // The old line goes on; what ends that one too is met again there.
      if (!isTransient(error) && !(error instanceof EtcdClusterIdChangedError)) this.#fail(error);
    } finally {
      this.#isProving = false;
      this.#triedAt = performance.now();
    }
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const lost = new Promise<void>((resolve) => (this.#wake = resolve));
      try {
        await (this.#isBehind ? this.#catchUp() : this.#attach());
        this.#foreign = 0;
        await lost;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        if (this.#isFinal(error)) return this.#fail(error);
        this.#failures++;
      }
      await this.#pause();
    }
  }

  /** Opens a line for what comes after the position. */
  async #attach(): Promise<void> {
    const position = this.#position;
    let gap: Gap | undefined;
    let line = await this.#openAfter(position);
    if (line === undefined) gap = 'cleared';
    else if (position !== undefined && line.index < position && (await this.#isReset(position))) {
      line.close();
      line = undefined;
      gap = 'reset';
    }
    line ??= await this.#open({ stream: true });
    if (position === undefined || gap !== undefined) this.#position = line.index;
    if (gap !== undefined) for (const subscriber of this.subscribers) subscriber.onGap(gap);
    this.#use(line);
  }

  /** Opens a line for what comes from now on, and fetches what lies before it. */
  async #catchUp(): Promise<void> {
    const { cluster, timeout } = this.context;
    const line = await this.#open({ stream: true });
    const fetching = new AbortController();
    this.#isBehind = false;
    this.#held = [];
    this.#fetching = fetching;
    this.#use(line);
    const range = { from: (this.#position ?? 0) + 1, to: line.index };
    const call = () => new Call(timeout, fetching.signal);
    try {
      await fetchHistory(cluster, this.scope, range, call, (event) => this.#deliver(event));
    } catch (error) {
      if (this.#line !== line) return;
      if (!(error instanceof EtcdEventIndexClearedError)) {
        this.#lose(line, true);
        throw error;
      }
      for (const subscriber of this.subscribers) subscriber.onGap('cleared');
    } finally {
      fetching.abort();
    }
    if (this.#line === line) this.#release(line);
  }

  #release(line: Line): void {
    this.#position = Math.max(this.#position ?? 0, line.index);
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#onEvent(line, event);
    if (this.isLive) this.context.onSettled(this);
  }

  async #takeOver(old: Line, from: number): Promise<void> {
    const line = await this.#openAfter(from, old.endpoint);
    if (line === undefined) return this.#takeOverWithoutHistory(old);
    if (line.index < Math.max(from, old.index)) {
      // A member that is behind hears no better, unless all are.
      line.close();
      this.context.cluster.leave(line.endpoint);
      if (line.index < from && (await this.#isReset(from))) this.#lose(old, false);
      else this.heardAt = performance.now();
      return;
    }
    const events = await this.#overhear(line, old);
    if (events === undefined) return;
    const [first] = events;
    if (first === undefined || !line.hitHistory) return this.#replace(line, events);
    line.close();
    if (first.index > (this.#position ?? 0)) this.#lose(old, first.index < line.index);
    else this.#proven();
  }

  /**
   * More has happened elsewhere since the line was proven than the history holds. Its own member's word then has to do:
   * it is alive, has come along without a snapshot, and the line on it was silent.
   */
  async #takeOverWithoutHistory(old: Line): Promise<void> {
    const { session } = this.context.cluster;
    const index = session.mark().index;
    const line = await this.#open({ stream: true, prefer: old.endpoint });
    const events = await this.#overhear(line, old);
    if (events === undefined) return;
    const isContinuous =
      line.endpoint === old.endpoint &&
      line.index > index - usualLag &&
      line.raftIndex - old.raftIndex < snapshotDistance &&
      this.#unproven < streamBuffer;
    if (!isContinuous) {
      this.#position = line.index;
      for (const subscriber of this.subscribers) subscriber.onGap('cleared');
    }
    this.#replace(line, events);
  }

  /**
   * Listens to a new line beside the old one for long enough that both have told the same. Gives what the new one told;
   * `undefined`, and closes it, when one of them has ended meanwhile.
   */
  async #overhear(line: Line, old: Line): Promise<StoreEvent[] | undefined> {
    const events: StoreEvent[] = [];
    let hasEnded = false;
    let found: (() => void) | undefined;
    const hit = new Promise<void>((resolve) => (found = resolve));
    line.listen({
      onEvent: (event) => {
        events.push(event);
        if (line.hitHistory) found?.();
      },
      onEnd: () => (hasEnded = true),
    });
    const { signal } = this.#closing;
    const waiting = new AbortController();
    await Promise.race([sleep(grace, undefined, { signal: waiting.signal }).catch(() => undefined), hit]);
    waiting.abort();
    if (line.hitHistory) await sleep(shortGrace);
    if (!signal.aborted && !hasEnded && this.#line === old) return events;
    line.close();
    return undefined;
  }

  #replace(line: Line, events: readonly StoreEvent[]): void {
    this.#position = Math.max(this.#position ?? 0, line.index);
    this.#held = undefined;
    this.#fetching?.abort();
    this.#use(line);
    for (const event of events) this.#onEvent(line, event);
  }

  #use(line: Line): void {
    if (this.#closing.signal.aborted) return line.close();
    this.#line?.close();
    this.#line = line;
    this.#openedAt = performance.now();
    this.#proven();
    if (this.isLive) this.context.onSettled(this);
    line.listen({
      onEvent: (event) => this.#onEvent(line, event),
      onEnd: () => {
        if (performance.now() - this.#openedAt < shortLife) this.#failures++;
        this.#lose(line, false);
      },
    });
  }

  #onEvent(line: Line, event: StoreEvent): void {
    if (this.#line !== line) return;
    if (this.#held !== undefined) {
      this.#held.push(event);
      return;
    }
    // etcd tells the removal of the watched key itself twice.
    const position = this.#position ?? 0;
    if (event.index <= position) return;
    if (line.hitHistory) {
      this.#deliver(event);
      return this.#lose(line, event.index < line.index);
    }
    const known = Math.max(position, line.index);
    const jump = event.index - known;
    const isOverdue = performance.now() - this.heardAt > 2 * this.context.period() + grace;
    // Its member may have got a snapshot meanwhile: the history tells what lies between.
    if (jump > suspiciousJump || (jump > 1 && isOverdue)) return this.#lose(line, true);
    this.#deliver(event);
    if (++this.#unproven >= streamBuffer) this.#watchForSilence();
  }

  #deliver(event: StoreEvent): void {
    if (event.index <= (this.#position ?? 0)) return;
    this.#position = event.index;
    this.#failures = 0;
    this.heardAt = performance.now();
    this.context.cluster.session.advance({ etcdIndex: event.index, raftTerm: undefined });
    for (const subscriber of this.subscribers) {
      if (event.index <= subscriber.after) continue;
      const relation = subscriber.scope.relate(event.key, event.removes);
      if (relation !== undefined) subscriber.onEvent(event, relation);
    }
  }

  #watchForSilence(): void {
    this.#quiet ??= setTimeout(() => {
      this.#quiet = undefined;
      if (this.#unproven >= streamBuffer) void this.prove();
    }, suspiciousSilence);
    this.#quiet.refresh();
  }

  /** The line is registered at its member, and has told everything up to now. */
  #proven(): void {
    this.#unproven = 0;
    this.heardAt = performance.now();
  }

  #lose(line: Line, isBehind: boolean): void {
    if (this.#line !== line) return;
    this.#isBehind = isBehind;
    this.#drop();
  }

  #drop(): void {
    this.#line?.close();
    this.#line = undefined;
    this.#held = undefined;
    this.#fetching?.abort();
    this.#wake();
  }

  /** A line for what comes after an index; `undefined` when that has left the history. */
  async #openAfter(index: number | undefined, avoid?: string): Promise<Line | undefined> {
    try {
      return await this.#open({
        waitIndex: index === undefined ? undefined : index + 1,
        stream: true,
        avoid,
      });
    } catch (error) {
      if (error instanceof EtcdEventIndexClearedError) return undefined;
      throw error;
    }
  }

  #open(options: LineOptions): Promise<Line> {
    const { cluster, timeout } = this.context;
    return Line.open(cluster, this.scope, options, new Call(timeout, this.#closing.signal));
  }

  /** Whether the store is behind an index in raft as well: it was restored or rebuilt. */
  async #isReset(index: number): Promise<boolean> {
    const { cluster, timeout } = this.context;
    const call = new Call(timeout, this.#closing.signal);
    return (await readState(cluster, new Scope(this.scope.key, false), '', call)).index < index;
  }

  #isFinal(error: unknown): boolean {
    if (error instanceof EtcdClusterIdChangedError)
      return ++this.#foreign > this.context.cluster.addresses.length;
    return !isTransient(error);
  }

  #fail(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.close();
    for (const subscriber of this.subscribers) subscriber.onFailed(error);
  }

  async #pause(): Promise<void> {
    if (this.#failures === 0) return;
    const pause = Math.min(longestPause, shortestPause * 2 ** Math.min(this.#failures - 1, 10));
    const { signal } = this.#closing;
    await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
}
