import type { EtcdClock } from '../clock.js';
import { hex, sha1 } from './ids.js';
import { Member } from './member.js';
import { Raft } from './raft.js';
import type { Command } from './replica.js';

/** What a member begins with. */
export interface Seat {
  readonly name: string;
  readonly clientURL: string;
  readonly peerURL: string;
}

export interface ClusterOptions {
  readonly clock: EtcdClock;
  /** How many changes a watch can go back. */
  readonly history: number;
  /** What `/version` tells, e.g. `3.4.23`. */
  readonly version: string;
  /** How long the members wait for a leader that is gone, in ms. */
  readonly electionTimeout: number;
}

/** What the members of a cluster have in common, and who they are. */
export class MemberCluster {
  /** How many members it had at first. */
  readonly size: number;
  readonly raft: Raft;
  /** As answers give it: lower-case hex digits. */
  id: string;
  #members: readonly Member[];
  /** Those of the beginning, and the id that they give the cluster. */
  readonly #first: { readonly members: readonly Member[]; readonly id: string };
  readonly #removed = new Set<string>();

  /** @param seats of which the first one leads */
  constructor(
    readonly options: ClusterOptions,
    seats: readonly Seat[],
  ) {
    this.size = seats.length;
    const members = seats.map(
      ({ name, clientURL, peerURL }) => new Member(name, [clientURL], [peerURL], this),
    );
    this.raft = new Raft(
      members.map(({ peer }) => peer),
      options,
    );
    this.#members = inOrder(members);
    this.id = hex(sha1(Buffer.concat(this.#members.map(({ idBytes }) => idBytes))));
    this.#first = { members: this.#members, id: this.id };
  }

  /** Begins anew, with nothing stored and the members of the beginning. @param seed what it begins with */
  reset(seed: Command<unknown> | undefined): void {
    this.#members = this.#first.members;
    this.#removed.clear();
    this.id = this.#first.id;
    this.raft.reset(seed);
  }

  /** In the order of their ids. */
  get members(): readonly Member[] {
    return this.#members;
  }

  find(id: string): Member | undefined {
    return this.#members.find((each) => each.id === id);
  }

  /** Whether there was a member of this id, which no other one can have again. */
  wasRemoved(id: string): boolean {
    return this.#removed.has(id);
  }

  /** Whether another member than this one has one of the addresses. */
  hasPeerURL(urls: readonly string[], besides?: Member): boolean {
    return this.#members.some((each) => each !== besides && each.peerURLs.some((url) => urls.includes(url)));
  }

  /** Whether one more member leaves a majority of those that have started. */
  get canAdd(): boolean {
    const { length } = this.#members;
    const started = this.#members.filter((each) => each.hasStarted);
    if (length === 1 && started.length === 1) return true;
    const isConnected = started.every(({ peer }) => peer.isConnected);
    return isConnected && started.length >= majority(length + 1);
  }

  /** Whether a majority stays without this member. */
  canRemove(member: Member): boolean {
    const others = this.#members.filter((each) => each !== member);
    if (others.length === 0) return false;
    if (others.filter((each) => each.hasStarted).length < majority(others.length)) return false;
    return (
      !member.peer.isConnected ||
      others.filter(({ peer }) => peer.isConnected).length >= majority(others.length)
    );
  }

  /** Announces a member, which counts for majorities from now on and never starts. */
  add(peerURLs: readonly string[]): Member {
    const seconds = this.options.clock.now() / 1_000_000_000n;
    const member = new Member('', [], peerURLs, this, String(seconds));
    this.#members = inOrder([...this.#members, member]);
    this.raft.add(member.peer);
    return member;
  }

  remove(member: Member): void {
    this.#removed.add(member.id);
    this.#members = this.#members.filter((each) => each !== member);
    this.raft.remove(member.peer);
    member.onRemoved();
  }
}

function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}

function inOrder(members: readonly Member[]): readonly Member[] {
  return [...members].sort((a, b) => Buffer.compare(a.idBytes, b.idBytes));
}
