import { after, type EtcdClock, systemClock } from '../clock.js';
import type { Command, EmbeddedSnapshot, Replica } from './replica.js';

/** How often the leader looks for what has expired, in ms. */
const sweepInterval = 500;
/** How many keys expire in one turn of the event loop. */
const sweepSize = 500;
/** How far a member may be behind until it is given a snapshot instead, in commands. */
const longestBacklog = 10_000;
/** How long a proposal may take, in ms, beside two elections. */
const proposalTimeout = 5_000;

/** Nobody has agreed to a proposal in time. */
export class ProposalTimeout extends Error {
  constructor() {
    super('etcdserver: request timed out');
    this.name = 'ProposalTimeout';
  }
}

/** A member as raft sees it. */
export class Peer {
  /** Whether it runs and reaches the others. */
  isConnected = true;
  /** Whom it takes for the leader: for a moment, also one that is gone. */
  leader: Peer | undefined;
  /** What it has not been told yet; `undefined` when that is so much that it needs a snapshot. */
  backlog: Command<unknown>[] | undefined = [];

  constructor(readonly replica: Replica) {}
}

interface Waiting {
  readonly peer: Peer;
  /** Gives it up. */
  readonly end: () => void;
  readonly go: () => void;
}

export interface RaftOptions {
  readonly clock: EtcdClock;
  /** How long the members wait for a leader that is gone before they elect another one, in ms; 0 for not at all. */
  readonly electionTimeout: number;
}

/**
 * What raft does, as it looks from outside: a majority of members that reach each other has a leader, and agrees upon
 * commands in one order. It is one object for all members, so that nothing is lost and nothing takes time but the
 * elections.
 */
export class Raft {
  term = 2;
  readonly #clock: EtcdClock;
  readonly #electionTimeout: number;
  readonly #waiting = new Set<Waiting>();
  #leader: Peer | undefined;
  #failed = 0;
  #endElection: (() => void) | undefined;
  #isSweeping = false;
  readonly #running = new Set<Peer>();
  #endSweeps: (() => void) | undefined;

  /** All members. */
  #peers: readonly Peer[];
  /** Those of the beginning. */
  readonly #first: readonly Peer[];

  /** @param peers the members, the first one of which leads */
  constructor(peers: readonly Peer[], { clock, electionTimeout }: RaftOptions) {
    this.#peers = peers;
    this.#first = peers;
    this.#clock = clock;
    this.#electionTimeout = electionTimeout;
    this.#leader = peers[0];
    for (const peer of peers) peer.leader = this.#leader;
  }

  /** Keys expire while at least one member runs. */
  run(peer: Peer): void {
    this.#running.add(peer);
    this.#endSweeps ??= this.#clock.every(sweepInterval, () => this.#sweep());
  }

  /** The counterpart of {@link run}. */
  end(peer: Peer): void {
    this.#running.delete(peer);
    // What it has not got through ends with it.
    for (const waiting of this.#waiting) if (waiting.peer === peer) waiting.end();
    if (this.#running.size > 0) return;
    this.#endSweeps?.();
    this.#endSweeps = undefined;
  }

  get failedProposals(): number {
    return this.#failed;
  }

  get pendingProposals(): number {
    return this.#waiting.size;
  }

  /** Whether a command of this member would be agreed upon. */
  hasQuorum(peer: Peer): boolean {
    return peer.isConnected && this.#leader !== undefined;
  }

  /**
   * Has a command applied by all members. @returns what it has done in the member that proposes it; a promise only if
   * nobody agrees at the moment @throws what the command throws @throws {ProposalTimeout}
   */
  propose<T>(peer: Peer, command: Command<T>): T | Promise<T> {
    return this.hasQuorum(peer) ? this.#commit(peer, command) : this.#wait(peer, command);
  }

  /** Takes a member for gone, or for back. */
  connect(peer: Peer, isConnected: boolean): void {
    if (peer.isConnected === isConnected || !this.#peers.includes(peer)) return;
    peer.isConnected = isConnected;
    this.#reconsider();
    // Who comes back to a leader is told at once.
    if (!isConnected || this.#leader === undefined) return;
    this.#follow(peer, this.#leader);
    this.#proposeWaiting();
  }

  /** Counts one more member for majorities, which is not there. */
  add(peer: Peer): void {
    peer.isConnected = false;
    peer.backlog = undefined;
    this.#peers = [...this.#peers, peer];
    this.#reconsider();
  }

  /** Counts a member no longer. */
  remove(peer: Peer): void {
    this.#peers = this.#peers.filter((each) => each !== peer);
    peer.isConnected = false;
    peer.leader = undefined;
    this.#reconsider();
  }

  /** Makes a member the leader. @throws {Error} if there is no majority with it */
  lead(peer: Peer): void {
    if (!peer.isConnected || this.#count() < this.#quorum)
      throw new Error(
        'Only a running member that reaches a majority can lead; resume, restart or heal it first',
      );
    // It may not have been told of everything that a majority has agreed upon.
    const best = this.#mostAdvanced();
    if (best !== undefined) this.#follow(peer, best);
    this.#appoint(peer);
  }

  /** Begins anew, with the members of the beginning, and at the term of a new cluster. @param seed what it begins with */
  reset(seed: Command<unknown> | undefined): void {
    this.#peers = this.#first;
    this.#replaceAll((replica) => {
      replica.reset();
      if (seed !== undefined) replica.apply(seed);
    });
    this.term = 2;
    this.#reconsider();
  }

  /** Gives all members another state, those that are away included. */
  restore(snapshot: EmbeddedSnapshot): void {
    this.#replaceAll((replica) => replica.restore(snapshot));
  }

  /** Nothing of what was proposed before has a place in the new state. */
  #replaceAll(replace: (replica: Replica) => void): void {
    for (const waiting of this.#waiting) waiting.end();
    for (const peer of this.#peers) {
      replace(peer.replica);
      peer.backlog = [];
    }
  }

  /** Finds out whether there is a leader still, and has another one elected. */
  #reconsider(): void {
    if (this.#leader?.isConnected !== true || this.#count() < this.#quorum) this.#leader = undefined;
    this.#endElection?.();
    if (this.#electionTimeout === 0) this.#elect();
    else this.#endElection = after(this.#clock, this.#electionTimeout, () => this.#elect());
  }

  get #quorum(): number {
    return Math.floor(this.#peers.length / 2) + 1;
  }

  #count(): number {
    let count = 0;
    for (const peer of this.#peers) if (peer.isConnected) count++;
    return count;
  }

  #commit<T>(from: Peer, command: Command<T>): T {
    // A command that is refused is refused by all; whose answer is wanted tells.
    for (const peer of this.#peers) if (peer !== from) this.#tell(peer, command);
    return from.replica.apply(command);
  }

  #tell(peer: Peer, command: Command<unknown>): void {
    if (peer.isConnected) applyQuietly(peer.replica, command);
    else if (peer.backlog !== undefined && peer.backlog.push(command) > longestBacklog)
      peer.backlog = undefined;
  }

  #wait<T>(peer: Peer, command: Command<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiting);
        forget();
      };
      const waiting: Waiting = {
        peer,
        end: () => {
          leave();
          this.#failed++;
          reject(new ProposalTimeout());
        },
        go: () => {
          leave();
          new Promise<T>((settle) => settle(this.#commit(peer, command))).then(resolve, reject);
        },
      };
      const forget = after(this.#clock, proposalTimeout + 2 * this.#electionTimeout, () => waiting.end());
      // What is sent to a leader that is gone is lost, and is waited for in vain.
      if (peer.leader === undefined) this.#waiting.add(waiting);
    });
  }

  #elect(): void {
    this.#endElection = undefined;
    for (const peer of this.#peers) if (!peer.isConnected) peer.leader = undefined;
    if (this.#leader !== undefined) return;
    if (this.#count() < this.#quorum) {
      for (const peer of this.#peers) peer.leader = undefined;
      return;
    }
    const best = this.#mostAdvanced();
    if (best !== undefined) this.#appoint(best);
  }

  /** Any majority has a member that knows all commands. */
  #mostAdvanced(): Peer | undefined {
    const candidates = this.#peers.filter((peer) => peer.isConnected);
    return candidates.find(({ backlog }) => backlog?.length === 0) ?? candidates[0];
  }

  #appoint(leader: Peer): void {
    // Who is alone has nobody to be elected by when it only stood still.
    if (this.#peers.length > 1) this.term++;
    this.#leader = leader;
    for (const peer of this.#peers) if (peer.isConnected) this.#follow(peer, leader);
    this.#proposeWaiting();
  }

  #proposeWaiting(): void {
    for (const { peer, go } of this.#waiting) if (this.hasQuorum(peer)) go();
  }

  #follow(peer: Peer, leader: Peer): void {
    peer.leader = leader;
    if (peer === leader) return;
    const { backlog } = peer;
    peer.backlog = [];
    if (backlog === undefined) peer.replica.catchUp(leader.replica);
    else for (const command of backlog) applyQuietly(peer.replica, command);
  }

  /** Has removed what has expired. A cluster without TTLs has nothing to agree upon. */
  #sweep(): void {
    const leader = this.#leader;
    if (leader === undefined || this.#isSweeping || !leader.replica.store.hasTtls) return;
    const now = this.#clock.now();
    const isDone = this.#commit(leader, ({ store }) => store.sweep(now, sweepSize));
    if (isDone) return;
    // Who moves the time by hand wants everything done; others want to be answered in between.
    if (this.#clock !== systemClock) {
      this.#sweep();
      return;
    }
    this.#isSweeping = true;
    setImmediate(() => {
      this.#isSweeping = false;
      this.#sweep();
    });
  }
}

/** What a command is refused for is of interest only where it was proposed. */
function applyQuietly(replica: Replica, command: Command<unknown>): void {
  try {
    replica.apply(command);
  } catch {
    // It has been refused there, too.
  }
}
