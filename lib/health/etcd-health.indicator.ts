import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import {
  EtcdError,
  EtcdOptionsError,
  type EtcdClient,
  type EtcdMachinesCheckOptions,
  type EtcdMemberHealth,
  type EtcdVersionCheckOptions,
} from '../client/index.js';
import { checkMilliseconds } from '../client/options/check.js';
import { getEtcdToken } from '../etcd.constants.js';

/** What all checks accept. */
export interface EtcdHealthOptions {
  /** Name of the connection, as given to `EtcdModule.forRoot`. @default the default connection */
  readonly connection?: string;
  /** Milliseconds after which a cluster that does not answer is down. @default 1000 */
  readonly timeout?: number;
  /** Milliseconds for which a result is given again. Checks at the same time are one, whatever this is. @default 500 */
  readonly cacheFor?: number;
}

/** Options of {@link EtcdHealthIndicator.connection} and {@link EtcdHealthIndicator.leader}. */
export type EtcdConnectionHealthOptions = EtcdHealthOptions;

/** Options of {@link EtcdHealthIndicator.machines}. */
export interface EtcdMachinesHealthOptions
  extends EtcdHealthOptions, Pick<EtcdMachinesCheckOptions, 'maxAway'> {}

/** Options of {@link EtcdHealthIndicator.version}. */
export interface EtcdVersionHealthOptions extends EtcdHealthOptions, Pick<EtcdVersionCheckOptions, 'range'> {}

/** What a check has found: whether it is up, and what is told of it. */
interface Finding {
  readonly isUp: boolean;
  readonly details: Record<string, unknown>;
}

interface Cached {
  readonly finding: Promise<Finding>;
  /** On the clock of `performance.now()`; `Infinity` while it is being made. */
  until: number;
}

/**
 * Health indicators of `@nestjs/terminus`, versions 11 and 12: the members, the leader, the versions and the connection. Give it to the
 * module of your health checks, which imports `TerminusModule`.
 *
 * @example
 * @HealthCheck()
 * @Get('health')
 * check() {
 *   return this.health.check([() => this.etcd.leader('etcd-leader'), () => this.etcd.machines('etcd')]);
 * }
 */
@Injectable()
export class EtcdHealthIndicator {
  readonly #cache = new Map<string, Cached>();

  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(ModuleRef) private readonly modules: ModuleRef,
  ) {}

  /** Whether the members answer: `GET /version` of each. It is up while no more than `maxAway` are away, and names those. */
  machines<const Key extends string>(
    key: Key,
    options: EtcdMachinesHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    const { maxAway } = options;
    return this.#check(key, 'machines', options, async (etcd, timeout) => {
      const { healthy, members, away } = await etcd.checks.machines({ timeout, maxAway });
      return { isUp: healthy, details: { members: members.length, away, ...reasonsOf(members) } };
    });
  }

  /** Whether there is a leader with a quorum now: `GET /health` of each member, which reads through raft. */
  leader<const Key extends string>(
    key: Key,
    options: EtcdHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    return this.#check(key, 'leader', options, async (etcd, timeout) => {
      const { healthy, members } = await etcd.checks.leader({ timeout });
      return { isUp: healthy, details: healthy ? {} : reasonsOf(members) };
    });
  }

  /** Whether the members that answer are of the versions that are wanted: `GET /version` of each. */
  version<const Key extends string>(
    key: Key,
    options: EtcdVersionHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    const { range } = options;
    return this.#check(key, 'version', options, async (etcd, timeout) => {
      const { healthy, servers, cluster, isMixed } = await etcd.checks.version({ timeout, range });
      return { isUp: healthy, details: { servers, cluster, isMixed, range } };
    });
  }

  /** Whether any member answers: `GET /version` of each. */
  connection<const Key extends string>(
    key: Key,
    options: EtcdConnectionHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    return this.#check(key, 'connection', options, async (etcd, timeout) => {
      const { members } = await etcd.checks.machines({ timeout });
      const isUp = members.some(({ healthy }) => healthy);
      return { isUp, details: isUp ? {} : reasonsOf(members) };
    });
  }

  async #check<Key extends string>(
    key: Key,
    check: string,
    options: EtcdHealthOptions,
    find: (etcd: Pick<EtcdClient, 'checks'>, timeout: number) => Promise<Finding>,
  ): Promise<HealthIndicatorResult<Key>> {
    const { connection, timeout = 1_000, cacheFor = 500 } = options;
    checkMilliseconds('timeout', timeout);
    if (cacheFor !== 0) checkMilliseconds('cacheFor', cacheFor);
    const etcd = this.#connection(connection);
    const place = JSON.stringify([check, options]);
    const { isUp, details } = await this.#once(place, cacheFor, () => find(etcd, timeout));
    const session = this.indicators.check(key);
    return isUp ? session.up(details) : session.down(details);
  }

  async #once(place: string, cacheFor: number, find: () => Promise<Finding>): Promise<Finding> {
    const known = this.#cache.get(place);
    if (known !== undefined && performance.now() < known.until) return known.finding;
    const cached: Cached = { finding: find().catch(toFinding), until: Infinity };
    this.#cache.set(place, cached);
    try {
      return await cached.finding;
    } finally {
      cached.until = performance.now() + cacheFor;
    }
  }

  #connection(name: string | undefined): Pick<EtcdClient, 'checks'> {
    try {
      return this.modules.get<EtcdClient>(getEtcdToken(name), { strict: false });
    } catch {
      const which = name === undefined ? 'the default connection' : `the connection '${name}'`;
      throw new EtcdOptionsError(
        'connection',
        `${which} is made by no module; add \`EtcdModule.forRoot\` for it`,
      );
    }
  }
}

/** A closed client, and members whose addresses are not found, are down; wrong options are the application's mistake. */
function toFinding(error: unknown): Finding {
  if (error instanceof EtcdOptionsError || !(error instanceof EtcdError)) throw error;
  return { isUp: false, details: { reason: error.message } };
}

function reasonsOf(members: readonly EtcdMemberHealth[]): { reasons?: Record<string, string> } {
  const reasons = members.flatMap(({ endpoint, reason }) =>
    reason === undefined ? [] : [[endpoint, reason]],
  );
  return reasons.length === 0 ? {} : { reasons: Object.fromEntries(reasons) as Record<string, string> };
}
