import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  EtcdClosedError,
  type EtcdElection,
  type EtcdLeadership,
  type EtcdNamespace,
} from '../client/index.js';
import { linkSignals } from '../client/http/abort.js';
import type { EtcdLeaderContext } from '../interfaces/index.js';
import { longestDelay, restartDelay } from '../reporting/restart-delay.js';
import type { ElectionDefinition, FoundLeader } from './leader-definition.js';
import type { LeaderReporter } from './leader-reporter.js';

/** A method that goes on for so many milliseconds after the lead was lost is reported. */
const patience = 5_000;

type Method = (context: EtcdLeaderContext) => unknown;

/** Takes part in one election for all of its methods, until it is stopped. */
export class LeaderLoop {
  readonly #election: EtcdElection;
  readonly #value: string;
  readonly #stopping = new AbortController();
  /** What runs as the leader, and how it is called. */
  readonly #running = new Map<Promise<unknown>, string>();
  #leadership: EtcdLeadership | undefined;
  /** Whether something new may run as the leader: it does not lead any more, or is about to resign. */
  #isEnding = false;
  #done: Promise<void> | undefined;

  constructor(
    etcd: Pick<EtcdNamespace, 'election'>,
    { election, ttl, prefix }: ElectionDefinition,
    private readonly methods: readonly FoundLeader[],
    private readonly reporter: LeaderReporter,
  ) {
    this.#election = etcd.election(election, { ttl, prefix });
    const [own] = methods.flatMap(({ definition: { value } }) => value ?? []);
    this.#value = own ?? `${hostname()}:${process.pid}`;
  }

  /** Of the election. */
  get name(): string {
    return this.#election.name;
  }

  /** The methods that run at the moment. */
  get running(): readonly string[] {
    return [...this.#running.values()];
  }

  /** Takes in that something runs as the leader. @returns it */
  track<T>(work: T, what: string): T {
    const ended = Promise.resolve(work)
      .catch(() => undefined)
      .finally(() => this.#running.delete(ended));
    this.#running.set(ended, what);
    return work;
  }

  /** The leadership, while this process leads. */
  get leadership(): EtcdLeadership | undefined {
    return this.#leadership?.isLeader === true && !this.#isEnding ? this.#leadership : undefined;
  }

  start(): void {
    this.#done ??= this.#run();
  }

  /** Tells the methods to end, and resigns when they have. It never rejects. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  /** Resigns without waiting for the methods. It never rejects. */
  async leave(): Promise<void> {
    await this.#leadership?.resign();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let isNews = true;
    for (let failures = 0; !signal.aborted;) {
      try {
        const leadership = await this.#election.campaign(this.#value, { signal });
        const electedAt = performance.now();
        isNews = true;
        const end = await this.#lead(leadership);
        if (end !== 'failed' || performance.now() - electedAt > longestDelay) failures = 0;
        if (end === 'lost') continue;
      } catch (error) {
        if (signal.aborted || error instanceof EtcdClosedError) return;
        const delay = restartDelay(failures, () => 0);
        this.reporter.campaignFailed(this.#election.name, error, delay, isNews);
        isNews = false;
      }
      await sleep(restartDelay(failures++), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Leads until that is lost or given up. */
  async #lead(leadership: EtcdLeadership): Promise<'lost' | 'resigned' | 'failed'> {
    const { name, term } = leadership;
    const resigning = new AbortController();
    const { signal, unlink } = linkSignals(leadership.signal, resigning.signal, this.#stopping.signal);
    this.#leadership = leadership;
    this.#isEnding = false;
    signal.addEventListener('abort', () => (this.#isEnding = true), { once: true });
    this.reporter.elected(name, term);
    const context: EtcdLeaderContext = {
      name,
      term,
      fencingToken: term,
      signal,
      resign: () => resigning.abort(),
      proclaim: (value) => leadership.proclaim(value),
    };
    let hasFailed = false;
    const lead = async ({ instance, method, handler }: FoundLeader): Promise<void> => {
      try {
        await (Reflect.get(instance, method) as Method).call(instance, context);
      } catch (error) {
        // What ends because it was told to has not failed.
        if (signal.aborted) return;
        hasFailed = true;
        this.reporter.failed(name, term, handler, error);
        resigning.abort();
      }
    };
    // It can have been stopped, or have lost the lead, at the moment of its election.
    if (!signal.aborted) for (const method of this.methods) void this.track(lead(method), method.handler);
    await aborted(signal);
    unlink();
    const isLost = leadership.signal.aborted;
    this.reporter.ended(name, term, isLost);
    await this.#ended(name);
    // Only now: what runs as the leader must not run beside another one.
    await leadership.resign();
    this.#leadership = undefined;
    return hasFailed ? 'failed' : isLost ? 'lost' : 'resigned';
  }

  /** Resolves when all that runs as the leader has ended. */
  async #ended(name: string): Promise<void> {
    // Whoever shuts down and does not wait any longer says so by itself.
    const timer = setTimeout(() => this.reporter.stillRunning(name, this.running), patience).unref();
    while (this.#running.size > 0) await Promise.all(this.#running.keys());
    clearTimeout(timer);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
