import { Injectable } from '@nestjs/common';
import { type EtcdEvent, type EtcdNode, EtcdWatch } from 'nestjs-etcd';
import { LiveService } from '../live/live.service.js';
import type { CandidateState, QueueEntry } from '../live/live.types.js';
import { Queues } from './queue.js';

/** The election that the replicas of this application take part in. */
export const electionName = 'control-room';

/** Who waits for what. Names that begin with `_` are hidden from the watch of the root, so that they have watches of their own. */
@Injectable()
export class QueuesService {
  private readonly own = new Set<string>();
  private readonly locks = new Queues('/_locks');
  private readonly elections = new Queues('/_elections');

  constructor(private readonly live: LiveService) {
    live.set('locks', []);
    live.set('election', { candidates: [] });
  }

  @EtcdWatch('/_locks', { recursive: true, initial: true })
  onLock(event: EtcdEvent): void {
    this.locks.apply(event);
    this.tellLocks();
  }

  @EtcdWatch('/_elections', { recursive: true, initial: true })
  onCandidate(event: EtcdEvent): void {
    this.elections.apply(event);
    const candidates = this.elections.all().get(electionName) ?? [];
    this.live.set('election', { candidates: candidates.map(candidateOf) });
  }

  /** Marks an entry as one of this process. */
  addOwn(uuid: string): void {
    this.own.add(uuid);
    this.tellLocks();
  }

  removeOwn(uuid: string): void {
    this.own.delete(uuid);
  }

  private tellLocks(): void {
    const locks = [...this.locks.all()].map(([name, nodes]) => ({
      name,
      entries: nodes.map((node) => this.entryOf(node)),
    }));
    this.live.set('locks', locks);
  }

  private entryOf({ key, value = '' }: EtcdNode): QueueEntry {
    return { token: tokenOf(key), id: value.slice(0, 8), isHere: this.own.has(value) };
  }
}

/** The name of an entry is the number by which it comes before or after others: its fencing token. */
function tokenOf(key: string): number {
  return Number(key.slice(key.lastIndexOf('/') + 1));
}

/** The value of a candidate is JSON: an id, and what it says of itself. */
function candidateOf({ key, value: text = '' }: EtcdNode): CandidateState {
  try {
    const { value } = JSON.parse(text) as { value?: unknown };
    if (typeof value === 'string') return { value, term: tokenOf(key) };
  } catch {
    // Another client has written it in another form.
  }
  return { value: text, term: tokenOf(key) };
}
