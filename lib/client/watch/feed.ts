import { EtcdClusterIdChangedError, EtcdEventIndexClearedError, EtcdTimeoutError } from '../errors/index.js';
import { Backoff } from './backoff.js';
import { Deafness, isSuspect } from './deafness.js';
import type { FeedContext } from './feed-context.js';
import { fetchHistory } from './history.js';
import type { Line } from './line.js';
import { Lines } from './lines.js';
import type { Scope } from './scope.js';
import { Sequence } from './sequence.js';
import { Standby } from './standby.js';
import type { StoreEvent } from './store-event.js';
import type { Gap, Subscribers } from './subscriber.js';
import { isTransient } from './transient.js';

/** How late a proof may be, in milliseconds. */
const usualDelay = 500;

/**
 * All changes of one scope for everybody who watches it or a part of it.
 *
 * A stream brings them: the feed's line. Each line is opened behind what was told, so that etcd looks into its history
 * first; and whatever casts doubt on a line makes the history be asked before anything later is told.
 */
export class Feed {
  readonly #sequence: Sequence;
  readonly #lines: Lines;
  readonly #standby: Standby;
  readonly #deafness: Deafness;
  #line: Line | undefined;
  #openedAt = 0;
  #triedAt = 0;
  /** Events of the line that wait until what lies before them has been fetched. */
  #held: StoreEvent[] | undefined;
  #fetching: AbortController | undefined;
  /** Whether what was missed is to be fetched side by side. */
  #isBehind = false;
  #isProving = false;
  #wake: () => void = () => undefined;
  /** Members of another cluster in a row. */
  #foreign = 0;
  readonly #closing = new AbortController();
  readonly #backoff = new Backoff(this.#closing.signal);

  /** @param position the last index that is known; without it, the feed begins with what comes from now on */
  constructor(
    readonly scope: Scope,
    private readonly context: FeedContext,
    position: number | undefined,
  ) {
    const { cluster, members, timeout } = context;
    this.#sequence = new Sequence(cluster.session, position);
    this.#lines = new Lines(cluster, scope, timeout, members, this.#closing.signal);
    this.#standby = new Standby(this.#lines);
    this.#deafness = new Deafness(this.#sequence, this.#standby, () => this.#onSuspicion());
  }

  get subscribers(): Subscribers {
    return this.#sequence.subscribers;
  }

  /** Everything up to this index is settled; `undefined` before the first line. */
  get position(): number | undefined {
    return this.#sequence.position;
  }

  /** The last index that was told. */
  get told(): number {
    return this.#sequence.told;
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
    return Math.max(this.#sequence.toldAt, this.#openedAt, this.#triedAt);
  }

  close(): void {
    this.#closing.abort();
    this.#standby.close();
    this.#drop();
  }

  /** Asks the member of its line where it is, for all who watch there. */
  async sight(): Promise<void> {
    if (this.#line !== undefined) await this.#lines.sight(this.#line.endpoint).catch(() => undefined);
  }

  /** Proves that nothing was missed: another line, on another member where there is one, takes over. */
  async prove(): Promise<void> {
    if (this.#line === undefined || this.#isProving) return;
    this.#isProving = true;
    try {
      await this.#takeOver(this.#line);
    } catch (error) {
      // The old line goes on; what ends that one too is met again there.
      if (!isTransient(error) && !(error instanceof EtcdClusterIdChangedError)) this.#fail(error);
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
        this.#foreign = 0;
        await woken;
      } catch (error) {
        if (this.#isFinal(error)) return this.#fail(error);
        if (error instanceof EtcdTimeoutError) this.context.onUnanswered();
        this.#backoff.failed();
      }
      await this.#backoff.pause();
    }
  }

  /** Opens a line for what comes after the position. */
  async #attach(): Promise<void> {
    const { position } = this;
    let gap: Gap | undefined;
    let line = await this.#lines.after(position);
    if (line === undefined) gap = 'cleared';
    else if (position !== undefined && line.index < position && (await this.#lines.isReset(position))) {
      line.close();
      line = undefined;
      gap = 'reset';
    }
    line ??= await this.#lines.fromNow();
    if (position === undefined || gap !== undefined) this.#sequence.begin(line.index, gap);
    this.#use(line);
  }

  /** Opens a line for what comes from now on, and fetches what lies before it. */
  async #catchUp(): Promise<void> {
    this.#isBehind = false;
    const fetching = new AbortController();
    this.#fetching = fetching;
    let to = Infinity;
    const range = { from: (this.position ?? 0) + 1, to: () => to, signal: fetching.signal };
    const fetched = fetchHistory(this.#lines, range, (event) => this.#sequence.tell(event)).catch(
      (error: unknown) => error,
    );
    try {
      const line = this.#standby.take() ?? (await this.#lines.fromNow(this.endpoint));
      // Another line has taken over, or the old one has ended: what was being fetched is theirs now.
      if (fetching.signal.aborted) return line.close();
      to = line.index;
      this.#standby.open(line.endpoint);
      this.#use(line, true);
      if (to <= (this.position ?? 0)) fetching.abort();
      const problem = await fetched;
      if (this.#line === line) this.#release(line, fetching.signal.aborted ? undefined : problem);
    } catch (error) {
      this.#isBehind = true;
      throw error;
    } finally {
      fetching.abort();
    }
  }

  /** Tells what was held. @param problem what has ended the fetching of what lies before it */
  #release(line: Line, problem: unknown): void {
    if (problem instanceof EtcdEventIndexClearedError) this.#sequence.begin(line.index, 'cleared');
    else if (problem !== undefined) {
      this.#lose(line, true);
      return this.#backoff.failed();
    }
    this.#sequence.settle(line.index);
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#onEvent(line, event);
    if (!this.isLive) return;
    this.#deafness.listen(line);
    this.context.onSettled();
  }

  async #takeOver(old: Line): Promise<void> {
    const { cluster, members } = this.context;
    this.#settle(old);
    const position = this.position ?? 0;
    const line = await this.#lines.after(position, old.endpoint);
    if (this.#line !== old) return line?.close();
    if (line === undefined) {
      // More has happened elsewhere than the history holds. As long as its member comes along, the old one still hears.
      await this.#lines.sight(old.endpoint);
      const hears = !isSuspect(old) && members.isInStep(old.endpoint, cluster.session.mark().index);
      return hears ? undefined : this.#lose(old, true);
    }
    if (line.index >= Math.max(position, old.index)) return this.#use(line);
    // A member that is behind hears no better, unless all are.
    line.close();
    cluster.leave(line.endpoint);
    if (line.index < position && (await this.#lines.isReset(position))) this.#lose(old, false);
  }

  #use(line: Line, holds = false): void {
    if (this.#closing.signal.aborted) return line.close();
    this.#line?.close();
    this.#line = line;
    this.#held = holds ? [] : undefined;
    if (!holds) this.#fetching?.abort();
    this.#openedAt = performance.now();
    line.listen({
      onEvent: (event) => this.#onEvent(line, event),
      onEnd: () => {
        this.#lose(line, false);
        this.#backoff.lasted(performance.now() - this.#openedAt);
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
      this.#sequence.tell(event);
      return this.#lose(line, event.index < line.index);
    }
    // etcd tells the removal of the watched key itself twice.
    if (this.#sequence.isPast(event)) return;
    if (this.#isDoubtful(line, event)) {
      this.#isBehind = true;
      return this.#drop();
    }
    this.#sequence.tell(event);
    this.#standby.noted(this.#sequence.toldAt, line.endpoint);
    this.#deafness.listen(line);
  }

  /** Whether the history must tell what lies before an event, because its member may have skipped something. */
  #isDoubtful({ endpoint, index: from }: Line, { index }: StoreEvent): boolean {
    const { members, period } = this.context;
    const isNext = index - Math.max(this.position ?? 0, from) <= 1;
    return !isNext && members.mayHaveSkipped(endpoint, index, this.#openedAt, 2 * period() + usualDelay);
  }

  #onSuspicion(): void {
    if (!this.isLive) return;
    this.#isBehind = true;
    this.#wake();
  }

  /** Takes in how far a line has told everything, which may be further than its last event. */
  #settle(line: Line): void {
    const { members } = this.context;
    if (line.hitHistory || isSuspect(line) || this.#held !== undefined) return;
    if (!members.hasJumpedSince(line.endpoint, this.#openedAt))
      this.#sequence.settle(members.toldUpTo(line.endpoint, this.#openedAt));
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
    this.#line?.close();
    this.#line = undefined;
    this.#held = undefined;
    this.#fetching?.abort();
    this.#wake();
  }

  #isFinal(error: unknown): boolean {
    if (!(error instanceof EtcdClusterIdChangedError)) return !isTransient(error);
    return ++this.#foreign > this.context.cluster.addresses.length;
  }

  #fail(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.close();
    this.context.onFailed(error);
  }
}
