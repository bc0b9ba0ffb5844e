import { channels } from '../diagnostics/channels.js';
import type { EtcdClientIdentity } from '../diagnostics/index.js';
import { areRequestsHeard, tellRequest } from '../diagnostics/tell-request.js';
import { EtcdClosedError, type EtcdClusterIdChangedError } from '../errors/index.js';
import type { Connector } from '../http/connector.js';
import { describeFailure } from '../http/exchange.js';
import { isObject } from '../http/json.js';
import type { EtcdRequest, HttpAnswer } from '../http/request.js';
import type { ResolvedOptions } from '../options/index.js';
import { addressOf } from '../options/host.js';
import { acceptsAddress } from './address-filter.js';
import type { Call } from './call.js';
import { Endpoint } from './endpoint.js';
import { Outages } from './outages.js';
import { Ring } from './ring.js';
import type { Session } from './session.js';
import { resolveSrv } from './srv.js';

/** The question who a member is: needs no credentials, and brings the list of members along. */
const hello: EtcdRequest = { method: 'GET', path: '/v2/members', read: true };
const askLeader: EtcdRequest = { method: 'GET', path: '/v2/members/leader', read: true };

/** SRV records are not asked for more often than this, in milliseconds. */
const rediscoverAfter = 1_000;

/**
 * Knows the members' addresses: configured, discovered and learned. An address gets its first request, and its
 * first one after a failure, only when it has answered who it is. That one question is asked by one call at a time
 * for all of them, so that a dead member sees one connection a second; it finds a silent member before a write is
 * sent there; and it keeps requests and credentials from servers of another cluster.
 */
export class Membership {
  readonly ring: Ring;
  /** Which members are lost. */
  readonly outages: Outages;
  #configured: readonly URL[];
  #discovering: Promise<void> | undefined;
  #discoveredAt = -Infinity;
  #syncing: NodeJS.Timeout | undefined;
  /** Advertised addresses whose refusal has been reported. */
  readonly #refused = new Set<string>();
  /** Addresses that are used no longer, while requests to them are under way. */
  readonly #retired = new Set<Endpoint>();

  constructor(
    private readonly options: ResolvedOptions,
    private readonly session: Session,
    private readonly connector: Connector,
    private readonly closing: AbortSignal,
    private readonly client: EtcdClientIdentity,
  ) {
    this.ring = new Ring(options.order);
    this.outages = new Outages(this.ring, options.logger, client);
    this.#configured = options.hosts;
    this.#addConfigured(options.hosts);
    this.ring.shuffle();
  }

  /**
   * Asks an address who it is, joining the question under way. Gives `undefined` when it may be used, or in a few
   * words why not. @throws {EtcdClusterIdChangedError} when a configured address is of another cluster
   */
  prove(endpoint: Endpoint): Promise<string | undefined> {
    return endpoint.isUp ? Promise.resolve(undefined) : this.#question(endpoint);
  }

  /** Resolves the SRV records, where no address is known. @throws {EtcdDiscoveryError} */
  async discover(call: Call): Promise<void> {
    if (this.ring.endpoints.length > 0) return;
    const pause = this.#discoveredAt + rediscoverAfter - performance.now();
    if (pause > 0) await call.sleep(pause, this.closing);
    const discovering = this.#discover();
    if (await call.wait(discovering, this.closing)) await discovering;
  }

  /** Resolves the SRV records again after every member has failed; what is known stays when that fails. */
  async rediscover(): Promise<void> {
    if (performance.now() - this.#discoveredAt >= rediscoverAfter)
      await this.#discover().catch(() => undefined);
  }

  /**
   * A member has failed a request: it is asked who it is, on nobody's account, so that its loss is noticed and told
   * even when no call comes to it again. It goes on being used meanwhile where it had no time to answer.
   */
  suspect(endpoint: Endpoint, hadTime: boolean): void {
    if (hadTime) endpoint.doubt();
    this.#proveAside(endpoint);
  }

  /** Goes on from a member that was asked first and has failed, unless another call has done so already. */
  goOn(endpoint: Endpoint): void {
    const isPinned = this.ring.pinned === endpoint;
    this.ring.unpin(endpoint);
    const { failover } = channels.cluster;
    const to = this.ring.pinned;
    if (!failover.hasSubscribers || !isPinned || to === undefined || to === endpoint) return;
    failover.publish({ client: this.client, from: endpoint.address, to: to.address });
  }

  async close(): Promise<void> {
    clearInterval(this.#syncing);
    this.connector.close();
    const endpoints = [...this.ring.endpoints, ...this.#retired];
    await Promise.all(endpoints.map((endpoint) => endpoint.close(new EtcdClosedError())));
  }

  #proveAside(endpoint: Endpoint): void {
    if (!endpoint.isAvailable(performance.now())) return;
    // One of another cluster is told to the next call that comes to it.
    this.#question(endpoint).catch(() => endpoint.doubt());
  }

  #question(endpoint: Endpoint): Promise<string | undefined> {
    endpoint.proving ??= this.#prove(endpoint).finally(() => (endpoint.proving = undefined));
    return endpoint.proving;
  }

  async #prove(endpoint: Endpoint): Promise<string | undefined> {
    const answer = await this.#ask(endpoint, hello);
    if (this.closing.aborted) return 'closed';
    if (!this.ring.endpoints.includes(endpoint)) return 'no longer a member';
    if (typeof answer === 'string') return this.#onLost(endpoint, answer);
    try {
      // Where the id was given, a server that does not say it, whatever else it says, is none of the cluster.
      this.session.checkCluster(answer, endpoint.address, true);
    } catch (error) {
      this.goOn(endpoint);
      if (endpoint.configured) {
        this.outages.foreign(endpoint, error as EtcdClusterIdChangedError);
        throw error;
      }
      return this.#drop(endpoint, (error as EtcdClusterIdChangedError).message);
    }
    if (!endpoint.configured && answer.clusterId === undefined)
      return this.#drop(endpoint, `${endpoint.address} does not say which cluster it is of`);
    endpoint.markUp();
    this.outages.back(endpoint);
    this.#learn(answer);
    if (this.options.order === 'leader' && this.#syncing === undefined) await this.#pinLeader(endpoint);
    this.#startSync();
    return undefined;
  }

  async #ask(endpoint: Endpoint, request: EtcdRequest): Promise<HttpAnswer | string> {
    const { tryTimeout, maxResponseBytes } = this.options;
    const limits = {
      silence: tryTimeout,
      deadline: performance.now() + 2 * tryTimeout,
      bytes: maxResponseBytes,
      signal: undefined,
    };
    const told = { client: this.client, operation: 'prove', endpoint: endpoint.address, attempt: 1 };
    const outcome = areRequestsHeard()
      ? await tellRequest(told, request, () => endpoint.ask(request, limits))
      : await endpoint.ask(request, limits);
    return outcome.kind === 'answer' ? outcome : outcome.outcome;
  }

  #discover(): Promise<void> {
    const { srv, tls, tryTimeout } = this.options;
    if (srv === undefined || this.closing.aborted) return Promise.resolve();
    this.#discovering ??= resolveSrv(srv, tryTimeout, tls !== undefined, this.closing)
      .then((urls) => this.#useDiscovered(urls))
      .finally(() => {
        this.#discovering = undefined;
        this.#discoveredAt = performance.now();
      });
    return this.#discovering;
  }

  #useDiscovered(urls: readonly URL[]): void {
    if (this.closing.aborted) return;
    this.#configured = urls;
    const addresses = new Set(urls.map(addressOf));
    for (const endpoint of this.ring.endpoints)
      if (endpoint.configured && !addresses.has(endpoint.address)) this.#remove(endpoint);
    this.#addConfigured(urls);
  }

  #addConfigured(urls: readonly URL[]): void {
    for (const url of urls) {
      const known = this.ring.find(addressOf(url));
      if (known === undefined) this.#add(url, true);
      else known.configured = true;
    }
  }

  #add(url: URL, configured: boolean): void {
    this.ring.add(new Endpoint(url, configured, this.connector, this.options.connections));
  }

  #remove(endpoint: Endpoint): void {
    this.ring.remove(endpoint);
    this.#retired.add(endpoint);
    const forget = () => this.#retired.delete(endpoint);
    endpoint.retire().then(forget, forget);
  }

  /** Takes over the advertised addresses out of a member list; anything that is none is passed over. */
  #learn(answer: HttpAnswer): void {
    if (this.options.sync === undefined || answer.status !== 200) return;
    const urls = advertisedURLs(answer.body);
    if (urls.length === 0) return;
    const accepted = urls.filter((url) => this.#accepts(url));
    const addresses = new Set(accepted.map(addressOf));
    for (const endpoint of this.ring.endpoints)
      if (!endpoint.configured && !addresses.has(endpoint.address)) this.#remove(endpoint);
    for (const url of accepted) if (this.ring.find(addressOf(url)) === undefined) this.#add(url, false);
  }

  #accepts(url: URL): boolean {
    try {
      return acceptsAddress(url, this.#configured, this.options.sync?.accept);
    } catch (error) {
      this.#refuse(addressOf(url), `\`sync.accept\` failed with ${describeFailure(error)}`);
      return false;
    }
  }

  #startSync(): void {
    if (this.options.sync === undefined || this.#syncing !== undefined || this.closing.aborted) return;
    this.#syncing = setInterval(() => void this.#sync(), this.options.sync.interval).unref();
  }

  async #sync(): Promise<void> {
    for (const endpoint of this.ring.endpoints) if (endpoint.lost) this.#proveAside(endpoint);
    const endpoint = this.ring.pinned;
    if (endpoint?.isUp !== true) return;
    const answer = await this.#ask(endpoint, hello);
    if (typeof answer === 'string' || this.closing.aborted || answer.clusterId !== this.session.clusterId)
      return endpoint.doubt();
    this.#learn(answer);
    if (this.options.order === 'leader') await this.#pinLeader(endpoint);
  }

  async #pinLeader(endpoint: Endpoint): Promise<void> {
    const answer = await this.#ask(endpoint, askLeader);
    if (typeof answer === 'string' || answer.status !== 200) return;
    const leader = advertisedURLs(`{"members":[${answer.body}]}`)
      .map((url) => this.ring.find(addressOf(url)))
      .find((known) => known !== undefined);
    if (leader !== undefined) this.ring.pin(leader);
  }

  #drop(endpoint: Endpoint, why: string): string {
    this.#remove(endpoint);
    this.#refuse(endpoint.address, why);
    return why;
  }

  #refuse(address: string, why: string): void {
    if (this.#refused.has(address)) return;
    this.#refused.add(address);
    this.options.logger.warn(`The advertised address ${address} is not used: ${why}`);
  }

  #onLost(endpoint: Endpoint, why: string): string {
    endpoint.markResting(why);
    this.goOn(endpoint);
    this.outages.lost(endpoint, why);
    return why;
  }
}

function advertisedURLs(body: string): URL[] {
  let list: unknown;
  try {
    list = JSON.parse(body);
  } catch {
    return [];
  }
  const members = isObject(list) && Array.isArray(list['members']) ? (list['members'] as unknown[]) : [];
  return members
    .flatMap((member) =>
      isObject(member) && Array.isArray(member['clientURLs']) ? (member['clientURLs'] as unknown[]) : [],
    )
    .filter((url): url is string => typeof url === 'string' && URL.canParse(url))
    .map((url) => new URL(url));
}
