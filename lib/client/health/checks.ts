import type { Cluster } from '../cluster/cluster.js';
import { Call } from '../cluster/call.js';
import { EtcdClusterIdChangedError, EtcdResponseError } from '../errors/index.js';
import { parseObject, requiredText } from '../http/json.js';
import type { EtcdRequest } from '../http/request.js';
import { checkInteger, checkMilliseconds, checkNames, checkSignal } from '../options/check.js';
import type { EtcdCallOptions } from '../options/index.js';
import { askHealth, type EtcdMemberHealth } from './health.js';
import { parseRange, parseVersion } from './version-range.js';

/** How the members are checked. */
export interface EtcdMachinesCheckOptions extends EtcdCallOptions {
  /** Members that may be away. @default fewer than half of them */
  readonly maxAway?: number;
}

/** How the versions are checked. */
export interface EtcdVersionCheckOptions extends EtcdCallOptions {
  /** The versions that are wanted, e.g. `>=3.4`, `^3.4.20`, `~2.3 || 3.x`; they are those of members. @default any */
  readonly range?: string;
}

/** Whether the members answer. */
export interface EtcdMachinesCheck {
  readonly healthy: boolean;
  /** Each known member; {@link EtcdMemberHealth.healthy} where it has answered. */
  readonly members: readonly EtcdMemberHealth[];
  /** The addresses of those that have not. */
  readonly away: readonly string[];
}

/** Whether there is a leader at this moment. */
export interface EtcdLeaderCheck {
  readonly healthy: boolean;
  /** Each known member; healthy where it could read through raft. */
  readonly members: readonly EtcdMemberHealth[];
}

/** The versions of the members that have answered. */
export interface EtcdVersionCheck {
  /** Whether one has answered, and all that have are in the range. */
  readonly healthy: boolean;
  /** The members' own versions by their addresses, e.g. `3.4.23`. */
  readonly servers: Readonly<Record<string, string>>;
  /** The version that all agree on, e.g. `3.4.0`; `undefined` before they do. */
  readonly cluster: string | undefined;
  /** Whether members have different versions, as in the middle of an upgrade. */
  readonly isMixed: boolean;
}

const versionRequest: EtcdRequest = { method: 'GET', path: '/version', read: true };
const callNames = ['timeout', 'signal'];
const names = {
  machines: new Set([...callNames, 'maxAway']),
  leader: new Set(callNames),
  version: new Set([...callNames, 'range']),
};

interface Answer extends EtcdMemberHealth {
  readonly server?: string;
  readonly cluster?: string;
}

/**
 * Checks of the cluster's health, for a readiness probe for example. They reject only when they are aborted, the client is closed,
 * the options are wrong, or no member is known; a cluster that does not answer is not healthy when the timeout has passed.
 */
export class EtcdChecks {
  /** @internal Made by the client. */
  constructor(
    private readonly cluster: Cluster,
    private readonly timeout: number,
  ) {}

  /** Whether the members answer: `GET /version` of each. A member that is cut off from the others answers, too. */
  async machines(options: EtcdMachinesCheckOptions = {}): Promise<EtcdMachinesCheck> {
    checkOptions('machines', options);
    const { maxAway } = options;
    if (maxAway !== undefined) checkInteger('maxAway', maxAway, 0, 1_000, 'members');
    const answers = await this.#askVersions(options);
    const away = answers.flatMap(({ endpoint, healthy }) => (healthy ? [] : [endpoint]));
    const most = maxAway ?? Math.ceil(answers.length / 2) - 1;
    const members = answers.map(({ endpoint, healthy, reason }) =>
      reason === undefined ? { endpoint, healthy } : { endpoint, healthy, reason },
    );
    return { healthy: away.length <= most && away.length < answers.length, members, away };
  }

  /**
   * Whether there is a leader with a quorum now: `GET /health` of each member, which reads through raft. Without a quorum a member
   * takes a second to say so.
   */
  async leader(options: EtcdCallOptions = {}): Promise<EtcdLeaderCheck> {
    checkOptions('leader', options);
    return askHealth(this.cluster, this.#call(options));
  }

  /** Whether the members that answer have the versions that are wanted: `GET /version` of each. */
  async version(options: EtcdVersionCheckOptions = {}): Promise<EtcdVersionCheck> {
    checkOptions('version', options);
    const accepts = options.range === undefined ? () => true : parseRange(options.range);
    const answers = await this.#askVersions(options);
    const servers = Object.fromEntries(
      answers.flatMap(({ endpoint, server }) => (server === undefined ? [] : [[endpoint, server]])),
    );
    const versions = Object.values(servers);
    const cluster = answers.map(({ cluster: agreed }) => agreed).find((agreed) => agreed !== undefined);
    const isWanted = (text: string): boolean => {
      const version = parseVersion(text);
      return version !== undefined && accepts(version);
    };
    return {
      healthy: versions.length > 0 && versions.every(isWanted),
      servers,
      cluster: cluster === undefined || parseVersion(cluster) === undefined ? undefined : cluster,
      isMixed: new Set(versions).size > 1,
    };
  }

  async #askVersions(options: EtcdCallOptions): Promise<Answer[]> {
    const call = this.#call(options);
    await this.cluster.discover(call);
    return Promise.all(this.cluster.addresses.map((endpoint) => this.#askVersion(endpoint, call)));
  }

  async #askVersion(endpoint: string, call: Call): Promise<Answer> {
    try {
      const outcome = await this.cluster.ask(endpoint, versionRequest, call);
      if (outcome.kind === 'failure') return { endpoint, healthy: false, reason: outcome.outcome };
      if (outcome.status !== 200) return { endpoint, healthy: false, reason: `HTTP ${outcome.status}` };
      const raw = parseObject(outcome.body);
      return {
        endpoint,
        healthy: true,
        server: requiredText(raw, 'etcdserver'),
        cluster: requiredText(raw, 'etcdcluster'),
      };
    } catch (error) {
      const isOther = error instanceof EtcdClusterIdChangedError || error instanceof EtcdResponseError;
      if (isOther) return { endpoint, healthy: false, reason: error.message };
      throw error;
    }
  }

  #call({ timeout = this.timeout, signal }: EtcdCallOptions): Call {
    return new Call(timeout, signal, 'health');
  }
}

function checkOptions(check: keyof typeof names, options: EtcdCallOptions): void {
  checkNames(`options of ${check}`, options, names[check]);
  if (options.timeout !== undefined) checkMilliseconds('timeout', options.timeout);
  checkSignal(options.signal);
}
