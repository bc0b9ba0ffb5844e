import { traceOperation } from '../diagnostics/trace-operation.js';
import { EtcdLockNotAcquiredError, EtcdOptionsError } from '../errors/index.js';
import type { EtcdNode } from '../keys/index.js';
import { defaultTtl } from '../lease/lease-options.js';
import { Attempt } from '../lock/attempt.js';
import { keyOf } from '../lock/lock-name.js';
import {
  checkAcquireOptions,
  checkLockOptions,
  type EtcdAcquireOptions,
  type EtcdLockOptions,
} from '../lock/lock-options.js';
import { queueUp, tryFirst, type Place, type QueueContext } from '../lock/place.js';
import { readQueue } from '../lock/queue.js';
import { checkNames, checkSignal, showType } from '../options/check.js';
import type { EtcdWatcher } from '../watch/index.js';
import { encodeEntry, readCandidate, type EtcdCandidate } from './election-entry.js';
import { EtcdLeadership } from './leadership.js';
import { tellCampaign, tellLeader, tellLeadership, type ToldElection } from './tell.js';

/** An election, as all who take part must agree on it. */
export interface EtcdElectionOptions extends Pick<EtcdLockOptions, 'ttl'> {
  /** The directory of all elections, with or without slashes at its ends. @default '/_elections' */
  readonly prefix?: EtcdLockOptions['prefix'];
}

const defaultPrefix = '/_elections';
const observeNames = new Set(['signal']);

/**
 * An election of a cluster: of all candidates one leads, and when it resigns or dies, the next one in the order of their
 * coming does.
 *
 * @example
 * const leadership = await etcd.election('reports').campaign(hostname());
 * await work({ signal: leadership.signal, fencingToken: leadership.fencingToken });
 */
export class EtcdElection {
  readonly #context: QueueContext;

  /** The directory of the candidates, such as `/_elections/NAME`. */
  readonly key: string;
  /** Seconds after which the next candidate leads when the leader has died. */
  readonly ttl: number;

  /** @internal Made by `election`. */
  constructor(
    context: QueueContext,
    readonly name: string,
    options: EtcdElectionOptions,
  ) {
    checkLockOptions(options, 'election');
    const { ttl = defaultTtl, prefix = defaultPrefix } = options;
    this.#context = context;
    this.key = keyOf(prefix, name);
    this.ttl = ttl;
  }

  /**
   * Waits until this process leads: `POST /v2/keys/_elections/NAME`, then `GET` of the same, and a watch of the entry before.
   * It waits for etcd, too, and gets over the loss of its entry.
   *
   * @param value what the candidate says of itself
   * @throws {EtcdLockNotAcquiredError} when `wait` has passed, {@link EtcdTimeoutError} when etcd has not answered by then,
   * {@link EtcdAbortedError}, and what etcd refuses for good; the entry is removed then
   */
  async campaign(value: string, options: EtcdAcquireOptions = {}): Promise<EtcdLeadership> {
    if (typeof value !== 'string')
      throw new EtcdOptionsError('value', `expected a text, got ${showType(value)}`);
    checkAcquireOptions(options, 'campaign');
    const { wait, signal } = options;
    const error = (): EtcdLockNotAcquiredError =>
      new EtcdLockNotAcquiredError(this.name, `others have led for the ${wait} ms that were given`);
    const isOnce = wait === 0;
    const limit = wait === undefined || isOnce ? undefined : { milliseconds: wait, error };
    const place = { directory: this.key, ttl: this.ttl, value: () => encodeEntry(value) };
    const told = this.#told;
    const run = async (): Promise<Place> => {
      tellCampaign(told);
      const won = await new Attempt(this.#context, signal, limit).run((attempt) =>
        isOnce ? tryFirst(this.#context, place, attempt) : queueUp(this.#context, place, attempt, true),
      );
      if (won === undefined) throw error();
      return won;
    };
    const { holding } = await traceOperation(told.client, 'election.campaign', told.key, run, undefined);
    tellLeadership(told, holding);
    return new EtcdLeadership(this.name, value, holding);
  }

  /** Who leads: `GET /v2/keys/_elections/NAME?quorum=true`. One that has just died does until its TTL has passed. */
  async leader(): Promise<EtcdCandidate | undefined> {
    return (await this.candidates())[0];
  }

  /** Who leads, and then those who would, in their order: `GET /v2/keys/_elections/NAME?quorum=true`. */
  async candidates(): Promise<EtcdCandidate[]> {
    const { entries } = await readQueue(this.#context, this.key);
    return entries.map(readCandidate);
  }

  /**
   * Who leads, now and each time that it changes, what a leader says of itself included; `undefined` when nobody does:
   * `GET /v2/keys/_elections/NAME?recursive=true&quorum=true`, and a watch of the same. It ends when the loop is left, and with the
   * client. @throws {EtcdOptionsError}; the iteration rejects with {@link EtcdAbortedError} when `signal` is aborted
   */
  observe(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<EtcdCandidate | undefined, void, undefined> {
    checkNames('options of observe', options, observeNames);
    checkSignal(options.signal);
    const watcher = this.#context.keys.watch(this.key, { recursive: true, initial: true, ...options });
    const leaders = this.#follow(watcher);
    const leave = leaders.return.bind(leaders);
    // A generator alone would first wait for the next event.
    leaders.return = async (value) => {
      await watcher.close();
      return leave(value);
    };
    return leaders;
  }

  async *#follow(watcher: EtcdWatcher): AsyncGenerator<EtcdCandidate | undefined, void, undefined> {
    const entries = new Map<string, EtcdNode>();
    let told: EtcdNode | undefined | null = null;
    for await (const event of watcher) {
      if (event.action === 'resync' || event.gone) entries.clear();
      const changed = event.action === 'resync' ? (event.node?.children ?? []) : [event.node];
      for (const node of changed) {
        if (event.action !== 'resync' && event.removal) entries.delete(node.key);
        else if (this.#isEntry(node)) entries.set(node.key, node);
      }
      const first = [...entries.keys()].toSorted()[0];
      const leader = first === undefined ? undefined : entries.get(first);
      if (told !== null && leader?.key === told?.key && leader?.value === told?.value) continue;
      told = leader;
      tellLeader(this.#told, leader);
      yield leader && readCandidate(leader);
    }
  }

  get #told(): ToldElection {
    const { client, prefix } = this.#context;
    return { client, name: this.name, key: prefix + this.key };
  }

  #isEntry({ key, dir }: EtcdNode): boolean {
    return !dir && key.lastIndexOf('/') === this.key.length;
  }
}
