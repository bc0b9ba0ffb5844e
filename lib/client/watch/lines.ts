import { setTimeout as sleep } from 'node:timers/promises';
import { Call } from '../cluster/call.js';
import type { Cluster } from '../cluster/cluster.js';
import {
  EtcdConnectionError,
  EtcdEventIndexClearedError,
  EtcdResponseError,
  EtcdUnauthorizedError,
} from '../errors/index.js';
import { HistoryReader } from './history-reader.js';
import { Line, type LineOptions } from './line.js';
import { wakingTime, type MemberTrail } from './member-trail.js';
import { Scope } from './scope.js';
import { readState, type State } from './state.js';
import type { StoreEvent } from './store-event.js';

/** A member that takes longer to answer a proof has stood still meanwhile, in milliseconds. */
const standstill = 300;
/** A change of less than so many changes ago is in the history of 1,000 for some time to come. */
const safelyInHistory = 500;
/** So many milliseconds the change is waited for that a poll asks for, before its member is asked whether it is awake. */
const patience = 250;

/** The first change from an index on, if there was one, and how far the store of a member was when it was looked for. */
export interface Found {
  readonly event: StoreEvent | undefined;
  readonly head: number;
  readonly member: string;
}

/** How the history is looked into. */
export interface PollOptions {
  /** The member that is asked first. */
  readonly member: string | undefined;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly isProof?: boolean;
}

/** Opens the lines of one scope. */
export class Lines {
  constructor(
    private readonly cluster: Cluster,
    private readonly scope: Scope,
    private readonly timeout: number,
    private readonly members: MemberTrail,
    private readonly closing: AbortSignal,
  ) {}

  async open(options: LineOptions, signal = this.closing): Promise<Line> {
    const asked = performance.now();
    const line = await Line.open(this.cluster, this.scope, options, new Call(this.timeout, signal, 'watch'));
    // Unless others have heard of it meanwhile: then it is this process that was slow.
    const wasSlow = options.isProof === true && performance.now() - asked > standstill;
    if (wasSlow && !this.members.wasSeenSince(line.endpoint, asked + standstill / 3))
      this.members.returned(line.endpoint);
    this.members.seen(line.endpoint, line.index, line.raftIndex);
    return line;
  }

  /** A stream of what comes from now on, at a member that has come as far as an index. */
  async fromNow(prefer?: string, least = 0): Promise<Line> {
    const line = await this.open({ stream: true, prefer });
    if (line.index >= least) return line;
    line.close();
    this.cluster.leave(line.endpoint);
    throw new EtcdConnectionError(`${line.endpoint} is behind.`);
  }

  /** A stream of what comes after an index, or from now on; `undefined` when that has left the history. */
  async after(index: number | undefined, avoid?: string): Promise<Line | undefined> {
    try {
      return await this.open({
        waitIndex: index === undefined ? undefined : index + 1,
        stream: true,
        avoid,
        isProof: avoid !== undefined,
      });
    } catch (error) {
      if (error instanceof EtcdEventIndexClearedError) return undefined;
      throw error;
    }
  }

  /** Looks into the history once, for the first change from an index on. There is none when its member has had time to tell it. */
  async poll(waitIndex: number, { member, signal, isProof }: PollOptions): Promise<Found> {
    const line = await this.open({ waitIndex, stream: false, prefer: member, isProof }, signal);
    const event = await line.first(signal, async () => {
      await sleep(patience, undefined, { ref: false });
      if (line.isClosed || this.members.hasTold(line.endpoint, line.openedAt)) return;
      await this.sightAwake(line.endpoint);
      if (!this.members.hasTold(line.endpoint, line.openedAt))
        throw new EtcdConnectionError(`${line.endpoint} stands still.`);
    });
    if (event !== undefined && event.index < waitIndex)
      throw new EtcdResponseError(`A watch from index ${waitIndex} on was told of ${event.index}.`);
    return { event, head: line.index, member: line.endpoint };
  }

  /** Opens what looks into the history of a member for many changes at a time; `undefined` while it is not known to answer. */
  openReader(member: string, connections: number): HistoryReader | undefined {
    const reader = this.cluster.openReader(member, connections);
    return reader && new HistoryReader(reader, member, this.cluster, this.scope, this.members);
  }

  /**
   * Asks a member where it is. Only good answers tell raft's index: one out of the history, where a change of the scope
   * is known to be, which needs no connection of its own; or else that to a watch that is closed at once.
   *
   * @param known the index of a change of the scope; 0 for none
   */
  async sight(member: string, known = 0): Promise<void> {
    const isInHistory = known > 0 && this.cluster.session.mark().index - known < safelyInHistory;
    if (isInHistory) await this.poll(known, { member, signal: this.closing, isProof: true });
    else (await this.open({ stream: true, prefer: member, isProof: true })).close();
  }

  /** Asks a member where it is, and waits for as long as its answer has to lie in the past to be believed. */
  async sightAwake(member: string): Promise<void> {
    await this.sight(member);
    await sleep(wakingTime + 1);
  }

  /** Whether etcd checks a password for each request. */
  get checksPasswords(): boolean {
    return this.cluster.sendsCredentials;
  }

  /** Whether connections are those of a user's dispatcher, which decides how many there are. */
  get borrowsConnections(): boolean {
    return this.cluster.borrowsConnections;
  }

  /**
   * Whether a line is of a store that is behind an index, or whose raft is behind a term, for raft as well: it was
   * restored or rebuilt. The line is then closed.
   */
  async isOfResetStore(line: Line, index: number, term: number): Promise<boolean> {
    if (line.reached >= index && line.raftTerm >= term) return false;
    try {
      const { index: reached, raftTerm } = await this.#stateOf(this.scope.key);
      if (reached >= index && (raftTerm || (await this.#termOfRoot())) >= term) return false;
    } catch (error) {
      line.close();
      throw error;
    }
    line.close();
    this.members.forget();
    return true;
  }

  /** raft's term, where the answer for the key itself has none because nothing is there; the root always is. */
  async #termOfRoot(): Promise<number> {
    try {
      return (await this.#stateOf('/')).raftTerm;
    } catch (error) {
      // Who may not read it has no way to learn the term.
      if (error instanceof EtcdUnauthorizedError) return Infinity;
      throw error;
    }
  }

  #stateOf(key: string): Promise<State> {
    const call = new Call(this.timeout, this.closing, 'watch.state');
    return readState(this.cluster, new Scope(key, false), '', call);
  }
}
