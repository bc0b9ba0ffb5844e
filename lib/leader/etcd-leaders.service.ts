import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { Subject } from 'rxjs';
import { EtcdOptionsError, type EtcdLeadership, type EtcdNamespace } from '../client/index.js';
import {
  ETCD_CONNECTION,
  ETCD_EVENTS,
  ETCD_MODULE_OPTIONS,
  ETCD_OWN_SERVICE,
  getEtcdLeadersToken,
  type EtcdConnection,
} from '../etcd.constants.js';
import { resolveModuleOptions } from '../etcd.module-options.js';
import { exploreMethods, type FoundMethod } from '../explorer/explore-methods.js';
import { provideHidden } from '../explorer/wrap-method.js';
import type { EtcdModuleOptions, EtcdHandlerEvent } from '../interfaces/index.js';
import { stopAll } from '../lifecycle/stop-all.js';
import {
  leaderDecoration,
  leaderOnlyDecoration,
  type ElectionDefinition,
  type FoundLeader,
} from './leader-definition.js';
import { LeaderLoop } from './leader-loop.js';
import { LeaderReporter } from './leader-reporter.js';

/** What is known of one election before it is started. */
interface FoundElection {
  readonly definition: ElectionDefinition;
  readonly methods: readonly FoundLeader[];
}

/** How long, in ms, a resignation may take after the `shutdownTimeout`. */
const resignTimeout = 500;

/**
 * The elections that this process takes part in for `@EtcdLeader` and `@LeaderOnly`, on one connection. They start with the
 * application and end with it; the provider can be injected to ask who leads.
 */
@Injectable()
export class EtcdLeaders implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  #found: ReadonlyMap<string, FoundElection> = new Map();
  readonly #loops = new Map<string, LeaderLoop>();
  #stopped: Promise<void> | undefined;

  /** @hidden Made by {@link EtcdModule}. */
  constructor(
    @Inject(ETCD_CONNECTION) private readonly connection: EtcdConnection,
    @Inject(ETCD_MODULE_OPTIONS) private readonly options: EtcdModuleOptions,
    @Inject(ETCD_OWN_SERVICE) private readonly etcd: Partial<Pick<EtcdNamespace, 'election'>>,
    @Inject(ETCD_EVENTS) private readonly events: Subject<EtcdHandlerEvent>,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {}

  /** Whether this process leads an election at this moment. */
  isLeader(election: string): boolean {
    return this.leadership(election) !== undefined;
  }

  /** The leadership of an election, while this process has it. */
  leadership(election: string): EtcdLeadership | undefined {
    return this.#loops.get(election)?.leadership;
  }

  /**
   * Runs code if this process leads an election at this moment; the process resigns, or takes part again, only when it has ended.
   * @param what names it in the log. @returns what it returns; `undefined` when it was not run
   */
  runAsLeader<T>(election: string, code: () => T, what = 'A job'): T | undefined {
    return this.isLeader(election) ? this.#loops.get(election)?.track(code(), what) : undefined;
  }

  /** Also without any election to start, so that a wrong method is found by the tests as well. */
  onModuleInit(): void {
    const { name } = this.connection;
    const leaders = exploreMethods(this.modules, name, leaderDecoration);
    const onlys = exploreMethods(this.modules, name, leaderOnlyDecoration);
    for (const { instance } of onlys) provideHidden(instance, getEtcdLeadersToken(name), this);
    this.#found = groupByElection(leaders, onlys);
  }

  /** Does not wait for etcd: the application starts while that is away. */
  onApplicationBootstrap(): void {
    if (this.#found.size === 0 || this.#stopped !== undefined) return;
    const { isCampaigning } = resolveModuleOptions(this.options, this.connection);
    if (!isCampaigning) return;
    if (!canCampaign(this.etcd)) return this.#reporter.notStarted(this.#found.size);
    for (const [election, { definition, methods }] of this.#found)
      this.#loops.set(election, new LeaderLoop(this.etcd, definition, methods, this.#reporter));
    for (const loop of this.#loops.values()) loop.start();
  }

  /** Tells the methods to end, waits for them within the `shutdownTimeout`, and resigns. It never rejects. */
  onModuleDestroy(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    if (this.#loops.size === 0) return;
    const { shutdownTimeout } = resolveModuleOptions(this.options, this.connection);
    const late = await stopAll([...this.#loops.values()], shutdownTimeout);
    const running = late.flatMap((loop) => loop.running);
    if (running.length > 0) this.#reporter.notAwaited(running, shutdownTimeout);
    // What cannot be told to etcd any more ends with its TTL, or when the client closes.
    const leaving = late.map((loop) => ({ name: loop.name, stop: () => loop.leave() }));
    const left = await stopAll(leaving, resignTimeout);
    if (left.length > 0) this.#reporter.notResigned(left.map(({ name }) => name));
  }

  get #reporter(): LeaderReporter {
    const { logger } = resolveModuleOptions(this.options, this.connection);
    return new LeaderReporter(this.connection.name, logger, this.events);
  }
}

/** @throws {EtcdOptionsError} when methods of one election do not agree on it */
function groupByElection(
  leaders: readonly FoundLeader[],
  onlys: readonly FoundMethod<ElectionDefinition>[],
): ReadonlyMap<string, FoundElection> {
  const elections = new Map<string, { definition: ElectionDefinition; methods: FoundLeader[] }>();
  for (const { definition, handler } of [...leaders, ...onlys]) {
    const { election } = definition;
    const known = elections.get(election);
    if (known === undefined) elections.set(election, { definition, methods: [] });
    else known.definition = agree(known.definition, definition, handler);
  }
  for (const found of leaders) elections.get(found.definition.election)?.methods.push(found);
  return elections;
}

function agree(one: ElectionDefinition, other: ElectionDefinition, handler: string): ElectionDefinition {
  for (const option of ['ttl', 'prefix'] as const) {
    const values = [one[option], other[option]].filter((value) => value !== undefined);
    if (values.length < 2 || String(values[0]) === String(values[1])) continue;
    throw new EtcdOptionsError(
      option,
      `${handler} gives the election '${one.election}' the ${option} ${String(other[option])}, and another method ${String(one[option])}; give it once, or the same everywhere`,
    );
  }
  return { ...one, ttl: one.ttl ?? other.ttl, prefix: one.prefix ?? other.prefix };
}

/** What a test puts in the place of the service need not be able to. */
function canCampaign(
  etcd: Partial<Pick<EtcdNamespace, 'election'>>,
): etcd is Pick<EtcdNamespace, 'election'> {
  return typeof etcd.election === 'function';
}
