import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { EtcdAuth, EtcdRoles, EtcdUsers } from './auth/index.js';
import { Call } from './cluster/call.js';
import { Cluster } from './cluster/cluster.js';
import { JsonApi } from './cluster/json-api.js';
import type { EtcdClientIdentity } from './diagnostics/index.js';
import { EtcdResponseError } from './errors/index.js';
import { parseObject, requiredText } from './http/json.js';
import { EtcdNamespace } from './etcd-namespace.js';
import { deleteRequest } from './keys/key-requests.js';
import { KeyStore } from './keys/key-store.js';
import { SystemClock } from './lease/clock.js';
import type { Held } from './lease/lease-context.js';
import { Removals } from './lease/removals.js';
import { Crowds } from './lock/crowds.js';
import { Tidy } from './lock/tidy.js';
import { EtcdMembers, type EtcdMember } from './members/members.js';
import { resolveOptions, type EtcdCallOptions, type EtcdClientOptions } from './options/index.js';
import { EtcdChecks } from './health/index.js';
import { askHealth, type EtcdHealth } from './health/health.js';
import { EtcdStats } from './stats/stats.js';
import { Feeds, type EtcdWatcher } from './watch/index.js';

/** What is held is given back within so many milliseconds when the client closes, or expires. */
const longestGiveBack = 1_000;

/** The versions of etcd that a member tells. */
export interface EtcdVersion {
  /** The member's own, e.g. `3.4.23`. */
  readonly server: string;
  /** What all members agree on, e.g. `3.4.0`; `not_decided` right after a start. */
  readonly cluster: string;
}

/**
 * A client of one etcd v2 cluster. It connects with its first request, keeps to one member while that answers, and
 * goes on to the next when it fails. {@link close} it when it is no longer needed, or declare it with `await using`.
 *
 * @example
 * await using etcd = new EtcdClient({ hosts: ['http://10.0.0.1:2379', 'http://10.0.0.2:2379'] });
 * await etcd.set('/config/port', '8080');
 */
export class EtcdClient extends EtcdNamespace {
  /** The members API. */
  readonly members: EtcdMembers;
  /** Checks of members, leader and versions. */
  readonly checks: EtcdChecks;
  /** Statistics of members. */
  readonly stats: EtcdStats;
  /** Whether credentials are asked for. */
  readonly auth: EtcdAuth;
  /** The users of etcd's auth, and their passwords and roles. */
  readonly users: EtcdUsers;
  /** The roles of etcd's auth, and the keys that they may read and write. */
  readonly roles: EtcdRoles;
  /** By which what is told on the diagnostics channels is known to be of this client: `message.client === etcd.identity`. */
  readonly identity: EtcdClientIdentity;
  readonly #cluster: Cluster;
  readonly #feeds: Feeds;
  readonly #watchers: Set<EtcdWatcher>;
  readonly #held: Set<Held>;
  readonly #tidy: Tidy;
  readonly #api: JsonApi;
  #closed: Promise<void> | undefined;

  /**
   * @param name for what is told on the diagnostics channels; it need not be unique
   * @throws {EtcdOptionsError} which names the option, the value and the fix
   */
  constructor(options: EtcdClientOptions = {}, name?: string) {
    const identity = Object.freeze({ id: randomUUID(), name });
    const resolved = resolveOptions(options);
    const { timeout, quorum, logger, watch } = resolved;
    const cluster = new Cluster(resolved, identity);
    const feeds = new Feeds(cluster, watch.rearm, timeout, logger);
    const watchers = new Set<EtcdWatcher>();
    const held = new Set<Held>();
    const root = new KeyStore(cluster, '');
    const tidy = new Tidy((directory) =>
      root.send(deleteRequest(directory, { dir: true }), new Call(timeout, undefined, 'lock.tidy')),
    );
    super(
      {
        timeout,
        quorum,
        store: (prefix) => new KeyStore(cluster, prefix),
        watch: { cluster, feeds, timeout, logger, watchers },
        locks: {
          client: identity,
          clock: new SystemClock(),
          timeout,
          logger,
          held,
          removals: new Removals(),
          crowds: new Crowds(),
          tidy,
          running: new AsyncLocalStorage(),
        },
      },
      '',
    );
    this.identity = identity;
    this.#cluster = cluster;
    this.#feeds = feeds;
    this.#watchers = watchers;
    this.#held = held;
    this.#tidy = tidy;
    this.#api = new JsonApi(cluster, timeout);
    this.members = new EtcdMembers(this.#api);
    this.checks = new EtcdChecks(cluster, timeout);
    this.stats = new EtcdStats(this.#api);
    this.auth = new EtcdAuth(this.#api);
    this.users = new EtcdUsers(this.#api);
    this.roles = new EtcdRoles(this.#api);
  }

  /** The id of the cluster that was given or learned; `undefined` before the first answer. */
  get clusterId(): string | undefined {
    return this.#cluster.session.clusterId;
  }

  /** The members' addresses that are known at the moment: configured, discovered and learned. */
  get endpoints(): readonly string[] {
    return this.#cluster.addresses;
  }

  /**
   * The client URLs of all members: `GET /v2/machines`. @throws {EtcdResponseError} when the answer is no list of URLs,
   * {@link EtcdTimeoutError} when the deadline passes
   */
  async machines(options: EtcdCallOptions = {}): Promise<string[]> {
    return this.#api.get('/v2/machines', options, ({ body }) => readMachines(body));
  }

  /**
   * The leader: `GET /v2/members/leader`. @throws {EtcdElectionInProgressError} when there is none until the deadline
   * @see EtcdMembers.leader
   */
  async leader(options: EtcdCallOptions = {}): Promise<EtcdMember> {
    return this.members.leader(options);
  }

  /**
   * The versions of the member that answers: `GET /version`. @throws {EtcdResponseError} when the answer names none,
   * {@link EtcdTimeoutError} when the deadline passes
   */
  async version(options: EtcdCallOptions = {}): Promise<EtcdVersion> {
    return this.#api.get('/version', options, ({ body }) => {
      const raw = parseObject(body);
      return { server: requiredText(raw, 'etcdserver'), cluster: requiredText(raw, 'etcdcluster') };
    });
  }

  /**
   * Asks every known member whether it can read through raft: `GET /health`. A member without a quorum takes a second
   * to say so. It rejects only when it is aborted, closed, or given wrong options, and with {@link EtcdDiscoveryError}
   * when the members come from SRV records that have named no address yet.
   */
  async health(options: EtcdCallOptions = {}): Promise<EtcdHealth> {
    return askHealth(this.#cluster, this.#api.call(options, 'health'));
  }

  /**
   * Gives back what is held, within a second, ends every watcher, and every request with {@link EtcdClosedError}, and closes
   * every connection. It never rejects, and may be called again; afterwards nothing of the client keeps the process alive.
   */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#giveBack();
    this.#feeds.close();
    await Promise.all(Array.from(this.#watchers, (watcher) => watcher.close()));
    await this.#cluster.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Locks, leaderships and leases. Who does not know in time expires. */
  async #giveBack(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, longestGiveBack)));
    const given = Promise.all(Array.from(this.#held, (held) => held.close()));
    await Promise.race([given.then(() => this.#tidy.close()), late]);
    clearTimeout(timer);
  }
}

/** Addresses between commas. @throws {EtcdResponseError} for any other text, such as a proxy's page */
function readMachines(text: string): string[] {
  const urls = text.split(',').map((url) => url.trim());
  if (!urls.every((url) => URL.canParse(url)))
    throw new EtcdResponseError('The answer is no list of addresses.');
  return urls;
}
