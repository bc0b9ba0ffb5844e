import type { JsonApi } from '../cluster/json-api.js';
import {
  isObject,
  numberField,
  objectField,
  optionalText,
  parseObject,
  requiredText,
  wrongType,
  type JsonObject,
} from '../http/json.js';
import type { EtcdCallOptions } from '../options/index.js';

/** What one member says of itself. A member without a leader claims to be the leader: ask {@link EtcdMembers.leader} for that. */
export interface EtcdSelfStats {
  readonly name: string;
  readonly id: string;
  /** `StateLeader` or `StateFollower`; not to be relied on. */
  readonly state: string;
  /** When it started (RFC 3339 with nanoseconds). */
  readonly startTime: string;
  readonly leaderInfo: { readonly leader: string; readonly uptime: string; readonly startTime: string };
  readonly recvAppendRequestCnt: number;
  readonly sendAppendRequestCnt: number;
  /** Packets and bytes per second; absent when there were none. */
  readonly recvPkgRate?: number | undefined;
  readonly recvBandwidthRate?: number | undefined;
  readonly sendPkgRate?: number | undefined;
  readonly sendBandwidthRate?: number | undefined;
}

/** The leader's view of one follower; latencies in milliseconds. */
export interface EtcdFollowerStats {
  readonly latency: {
    readonly current: number;
    readonly average: number;
    readonly standardDeviation: number;
    readonly minimum: number;
    readonly maximum: number;
  };
  readonly counts: { readonly fail: number; readonly success: number };
}

/** What the leader says of its followers since it became the leader. */
export interface EtcdLeaderStats {
  /** The leader's id. */
  readonly leader: string;
  /** Its followers by their ids. */
  readonly followers: Readonly<Record<string, EtcdFollowerStats>>;
}

const storeCounters = [
  'getsSuccess', 'getsFail', 'setsSuccess', 'setsFail', 'deleteSuccess', 'deleteFail', 'updateSuccess', 'updateFail',
  'createSuccess', 'createFail', 'compareAndSwapSuccess', 'compareAndSwapFail', 'compareAndDeleteSuccess',
  'compareAndDeleteFail', 'expireCount', 'watchers',
] as const; // prettier-ignore

/** Operations of one member's store since it started, and its open watches. Each request counts one read more, of the auth flag. */
export type EtcdStoreStats = Readonly<Record<(typeof storeCounters)[number], number>>;

const latencies = ['current', 'average', 'standardDeviation', 'minimum', 'maximum'] as const;

/** The statistics of the member that is asked. */
export class EtcdStats {
  readonly #api: JsonApi;

  /** @internal Made by the client. */
  constructor(api: JsonApi) {
    this.#api = api;
  }

  /** The member itself: `GET /v2/stats/self`. */
  async self(options: EtcdCallOptions = {}): Promise<EtcdSelfStats> {
    return this.#api.get('/v2/stats/self', options, ({ body }) => {
      const raw = parseObject(body);
      const leader = objectField(raw, 'leaderInfo');
      return {
        name: requiredText(raw, 'name'),
        id: requiredText(raw, 'id'),
        state: requiredText(raw, 'state'),
        startTime: requiredText(raw, 'startTime'),
        leaderInfo: {
          leader: requiredText(leader, 'leader'),
          uptime: optionalText(leader, 'uptime') ?? '',
          startTime: optionalText(leader, 'startTime') ?? '',
        },
        recvAppendRequestCnt: numberField(raw, 'recvAppendRequestCnt'),
        sendAppendRequestCnt: numberField(raw, 'sendAppendRequestCnt'),
        recvPkgRate: optionalNumber(raw, 'recvPkgRate'),
        recvBandwidthRate: optionalNumber(raw, 'recvBandwidthRate'),
        sendPkgRate: optionalNumber(raw, 'sendPkgRate'),
        sendBandwidthRate: optionalNumber(raw, 'sendBandwidthRate'),
      };
    });
  }

  /** The leader's view of its followers: `GET /v2/stats/leader`, asked of one member after the other until it is the leader. */
  async leader(options: EtcdCallOptions = {}): Promise<EtcdLeaderStats> {
    return this.#api.request(
      { method: 'GET', path: '/v2/stats/leader', read: true, elsewhere: ({ status }) => status === 403 },
      options,
      ({ body }) => {
        const raw = parseObject(body);
        const followers = Object.entries(objectField(raw, 'followers')).map(
          ([id, follower]) => [id, readFollower(follower)] as const,
        );
        return { leader: requiredText(raw, 'leader'), followers: Object.fromEntries(followers) };
      },
    );
  }

  /** The store of the member: `GET /v2/stats/store`. */
  async store(options: EtcdCallOptions = {}): Promise<EtcdStoreStats> {
    return this.#api.get('/v2/stats/store', options, ({ body }) =>
      readNumbers(parseObject(body), storeCounters),
    );
  }
}

function readFollower(raw: unknown): EtcdFollowerStats {
  if (!isObject(raw)) throw wrongType('followers', 'an object of objects');
  return {
    latency: readNumbers(objectField(raw, 'latency'), latencies),
    counts: readNumbers(objectField(raw, 'counts'), ['fail', 'success']),
  };
}

function readNumbers<Name extends string>(raw: JsonObject, names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, numberField(raw, name)])) as Record<Name, number>;
}

function optionalNumber(raw: JsonObject, name: string): number | undefined {
  return raw[name] === undefined ? undefined : numberField(raw, name);
}
