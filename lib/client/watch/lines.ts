import { setTimeout as sleep } from 'node:timers/promises';
import { Call } from '../cluster/call.js';
import type { Cluster } from '../cluster/cluster.js';
import { EtcdConnectionError, EtcdEventIndexClearedError, EtcdUnauthorizedError } from '../errors/index.js';
import { Line, type LineOptions } from './line.js';
import { wakingTime, type MemberTrail } from './member-trail.js';
import { Scope } from './scope.js';
import { readState, type State } from './state.js';

/** A member that takes longer to answer a proof has stood still meanwhile, in milliseconds. */
const standstill = 300;

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

  /** Asks a member where it is, by a watch that is closed at once: only good answers tell raft's index. */
  async sight(member: string): Promise<void> {
    (await this.open({ stream: true, prefer: member, isProof: true })).close();
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

  /**
   * Whether a line is of a store that is behind an index, or whose raft is behind a term, for raft as well: it was
   * restored or rebuilt. The line is then closed.
   */
  async isOfResetStore(line: Line, index: number, term: number): Promise<boolean> {
    if (line.index >= index && line.raftTerm >= term) return false;
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
