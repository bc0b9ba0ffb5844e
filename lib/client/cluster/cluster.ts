import type { EtcdClientIdentity } from '../diagnostics/index.js';
import { areRequestsHeard, tellRequest } from '../diagnostics/tell-request.js';
import { EtcdClosedError, type EtcdClusterIdChangedError, EtcdRedirectError } from '../errors/index.js';
import { Connector } from '../http/connector.js';
import type { Reader } from '../http/reader.js';
import { throughRaft, type EtcdRequest, type HttpAnswer, type HttpOutcome } from '../http/request.js';
import type { ResolvedOptions } from '../options/index.js';
import { addressOf } from '../options/host.js';
import type { Call } from './call.js';
import { unsent, type Endpoint } from './endpoint.js';
import { Membership } from './membership.js';
import { Session } from './session.js';
import { Trail } from './trail.js';
import { isApplied, judgeAnswer, judgeFailure, mayHaveBeenApplied, type Decode } from './verdict.js';

const mostRedirects = 5;
/** The APIs whose good answers all say which cluster they are of. */
const saysCluster = /^\/v2\/(?:keys|members|auth)\b/;

/**
 * Sends requests to a cluster: finds a member that answers, goes on to the next when it fails, and decides what a
 * failure means. Reads are repeated until the deadline. A write is repeated only while no byte of it has been sent,
 * unless its caller says that it is idempotent; a write that was sent and not answered ends as indeterminate.
 */
export class Cluster {
  readonly session: Session;
  readonly #options: ResolvedOptions;
  readonly #membership: Membership;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  /** @param client whose requests they are */
  constructor(
    options: ResolvedOptions,
    readonly client: EtcdClientIdentity,
  ) {
    this.#options = options;
    this.session = new Session(options.clusterId);
    const connector = new Connector(options.tls, options.tryTimeout, options.dispatcher);
    this.#membership = new Membership(options, this.session, connector, this.#closing.signal, client);
  }

  /** The addresses that are known at the moment. */
  get addresses(): string[] {
    return this.#membership.ring.endpoints.map(({ address }) => address);
  }

  /** Whether requests carry a password, which etcd takes its time to check. */
  get sendsCredentials(): boolean {
    return this.#options.authorization !== undefined;
  }

  /** Whether the connections are those of a user's dispatcher. */
  get borrowsConnections(): boolean {
    return this.#options.dispatcher !== undefined;
  }

  get maxResponseBytes(): number {
    return this.#options.maxResponseBytes;
  }

  async request<T>(request: EtcdRequest, call: Call, decode: Decode<T>): Promise<T> {
    const trail = new Trail(request, this.#options.authorization);
    if (request.avoid !== undefined) this.#avoid(trail, request.avoid);
    let current = request;
    for (;;) {
      const endpoint = this.#ready(trail, call, request) ?? (await this.#find(trail, call));
      const sent = this.session.mark();
      const { tryTimeout } = this.#options;
      const outcome = await this.#send(endpoint, current, call, tryTimeout, ++trail.tries);
      if (outcome.kind === 'failure') {
        this.#throwIfOver(call, mayHaveBeenApplied(request, trail, outcome), trail);
        if (outcome.phase !== 'waiting') this.#membership.suspect(endpoint, !outcome.byDeadline);
        // Also where this call ends here: the next one must not meet the same member, which may answer who it is and
        // no more, as one does that is cut off from the others.
        if (!outcome.byDeadline) this.#goOn(trail, endpoint);
        judgeFailure(request, trail, endpoint.address, outcome);
        continue;
      }
      this.#checkCluster(request, outcome, endpoint, trail);
      this.#membership.outages.heard();
      if (this.#isRedirectToMember(current, outcome, endpoint, trail)) continue;
      if (this.session.isStale(outcome, sent)) {
        if (current.from === 'local') {
          current = throughRaft(current);
          continue;
        }
        if (current.from === 'raft') this.#restart(outcome, endpoint);
      } else this.session.advance(outcome, current.from === 'raft' && outcome.status < 500);
      if (outcome.status >= 500) this.#goOn(trail, endpoint);
      const decoded = judgeAnswer(current, trail, endpoint.address, outcome, decode);
      if (decoded !== undefined) {
        // Only after a fail-over: a late answer must not take back what others have moved on from.
        if (trail.tried.size > 0 && request.receiver === undefined) this.#membership.ring.pin(endpoint);
        return decoded.value;
      }
      this.#goOn(trail, endpoint);
    }
  }

  /** Asks one member and no other, whatever it answers. `address` must be one of {@link addresses}. */
  async ask(address: string, request: EtcdRequest, call: Call): Promise<HttpOutcome> {
    const endpoint = this.#membership.ring.find(address) as Endpoint;
    if (!endpoint.isAvailable(performance.now())) {
      // A turn of the event loop, or a caller who asks again and again would keep every answer from coming.
      await call.sleep(0, this.#closing.signal);
      this.#throwIfOver(call, false);
      return unsent(endpoint.restsBecause);
    }
    const proving = this.#membership.prove(endpoint);
    const proven = await call.wait(proving, this.#closing.signal);
    this.#throwIfOver(call, false);
    if (!proven) return unsent('no answer before the deadline');
    const refusal = await proving;
    if (refusal !== undefined) return unsent(refusal);
    const outcome = await this.#send(endpoint, request, call, call.timeout, 1);
    this.#throwIfOver(call, false);
    return outcome;
  }

  /**
   * Asks one member for much that is answered at once, over some connections; `undefined` while it is not known to answer.
   * An answer is as it came, and nothing is asked again: that is what {@link request} is for.
   */
  openReader(address: string, connections: number): Reader | undefined {
    const endpoint = this.#membership.ring.find(address);
    if (endpoint?.isUp !== true) return undefined;
    const { authorization, maxResponseBytes: bytes, tryTimeout: silence } = this.#options;
    return endpoint.openReader({ authorization, bytes, silence, connections });
  }

  /** Waits a while, for a call that tries something again. @throws when the client is closed or the call aborted meanwhile */
  async pause(call: Call, milliseconds: number, afterDoubt: boolean): Promise<void> {
    await call.sleep(milliseconds, this.#closing.signal);
    this.#throwIfOver(call, afterDoubt);
  }

  /** Finds out the members' addresses, where none are configured and none have been found yet. */
  async discover(call: Call): Promise<void> {
    await this.#membership.discover(call);
    this.#throwIfOver(call, false);
  }

  /** Ends every request and closes every connection. It may be called again, and never rejects. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.#membership.close();
  }

  /** Goes on from a member whose answers are behind, so that the next request begins with another one. */
  leave(address: string): void {
    const endpoint = this.#membership.ring.find(address);
    if (endpoint !== undefined) this.#membership.goOn(endpoint);
  }

  /** Begins behind a member, where there are others. */
  #avoid(trail: Trail, address: string): void {
    const { ring } = this.#membership;
    const endpoint = ring.find(address);
    if (endpoint !== undefined && ring.endpoints.length > 1) trail.tried.add(endpoint);
  }

  /** The member to ask when all is well, without any wait. */
  #ready(trail: Trail, call: Call, { prefer, avoid }: EtcdRequest): Endpoint | undefined {
    const { ring } = this.#membership;
    const behind = avoid === undefined ? undefined : ring.following(avoid);
    const first = (prefer === undefined ? behind : ring.find(prefer)) ?? ring.pinned;
    if (first?.isUp !== true || trail.tried.has(first) || call.remaining() <= 0) return undefined;
    this.#throwIfOver(call, trail.ambiguous, trail);
    return first;
  }

  async #find(trail: Trail, call: Call): Promise<Endpoint> {
    const { ring } = this.#membership;
    for (;;) {
      this.#throwIfOver(call, trail.ambiguous, trail);
      const now = performance.now();
      if (now >= call.deadline) throw trail.exhausted(call.timeout);
      if (ring.endpoints.length === 0) {
        await this.#membership.discover(call);
        continue;
      }
      const endpoint = ring.next(trail.tried, now);
      if (endpoint === undefined) {
        const pause = Math.max(trail.endWalk(), ring.restLeft(now));
        if (pause >= call.remaining()) {
          for (const { state, address, restsBecause } of ring.endpoints)
            if (state === 'resting') trail.note(address, restsBecause, false, undefined);
        }
        // Up to the deadline: a caller that was turned away at once could come again without a pause.
        await call.sleep(pause, this.#closing.signal);
        await call.wait(this.#membership.rediscover(), this.#closing.signal);
        continue;
      }
      if (endpoint.isUp) return endpoint;
      const proving = this.#membership.prove(endpoint);
      const proven = await call.wait(proving, this.#closing.signal);
      if (!proven) trail.note(endpoint.address, 'no answer before the deadline', true, undefined);
      else if (!endpoint.isUp)
        trail.note(endpoint.address, (await this.#refusal(proving, trail)) ?? 'lost', false, undefined);
    }
  }

  #send(
    endpoint: Endpoint,
    request: EtcdRequest,
    call: Call,
    silence: number,
    attempt: number,
  ): Promise<HttpOutcome> {
    if (!areRequestsHeard()) return this.#dispatch(endpoint, request, call, silence);
    const told = { client: this.client, operation: call.operation, endpoint: endpoint.address, attempt };
    return tellRequest(told, request, () => this.#dispatch(endpoint, request, call, silence));
  }

  #dispatch(endpoint: Endpoint, request: EtcdRequest, call: Call, silence: number): Promise<HttpOutcome> {
    const { authorization, maxResponseBytes: bytes } = this.#options;
    const limits = { silence, deadline: call.deadline, bytes, signal: call.signal };
    if (request.receiver !== undefined) return endpoint.stream(request, authorization, limits);
    return endpoint.send(request, authorization, limits, call);
  }

  #throwIfOver(call: Call, applied: boolean, trail?: Trail): void {
    const details = { mayHaveBeenApplied: applied, attempts: trail?.attempts };
    if (this.#closing.signal.aborted) throw new EtcdClosedError(details);
    call.throwIfAborted(details);
  }

  #goOn(trail: Trail, endpoint: Endpoint): void {
    trail.tried.add(endpoint);
    this.#membership.goOn(endpoint);
  }

  #checkCluster(request: EtcdRequest, answer: HttpAnswer, endpoint: Endpoint, trail: Trail): void {
    try {
      const must = isApplied(answer.status) && saysCluster.test(request.path);
      this.session.checkCluster(answer, endpoint.address, must);
    } catch (error) {
      // Something else answers there now. Nothing more is sent to it before it has said who it is.
      answer.stream?.close();
      endpoint.doubt();
      this.#goOn(trail, endpoint);
      // What it refused it has not done; what failed there may be done yet.
      const applied = !request.read && (isApplied(answer.status) || answer.status >= 500);
      throw trail.otherCluster(error as EtcdClusterIdChangedError, applied);
    }
  }

  /** Why a member may not be asked. @throws {EtcdClusterIdChangedError} which knows of the earlier tries of this call */
  async #refusal(proving: Promise<string | undefined>, trail: Trail): Promise<string | undefined> {
    try {
      return await proving;
    } catch (error) {
      throw trail.otherCluster(error as EtcdClusterIdChangedError, false);
    }
  }

  /** A redirect to the same path at a known member, as very old servers and some proxies send: ask that one. */
  #isRedirectToMember(
    request: EtcdRequest,
    { status, location }: HttpAnswer,
    endpoint: Endpoint,
    trail: Trail,
  ): boolean {
    if (status < 300 || status >= 400 || location === undefined || !URL.canParse(location)) return false;
    const url = new URL(location);
    const target = this.#membership.ring.endpoints.find(
      ({ address }) => `${address}${request.path}` === location,
    );
    if (target === undefined || target === endpoint) return false;
    if (++trail.redirects > mostRedirects) {
      throw new EtcdRedirectError(
        `The members redirect to each other in a circle (last to ${addressOf(url)}).`,
        { status, endpoint: endpoint.address },
      );
    }
    trail.tried.add(endpoint).delete(target);
    this.#membership.ring.pin(target);
    return true;
  }

  #restart(answer: HttpAnswer, endpoint: Endpoint): void {
    const now = this.session.mark();
    // Of several calls that were under way, the first one has begun anew for all.
    if (!this.session.isStale(answer, now)) return this.session.advance(answer);
    const { index } = now;
    this.session.restart(answer);
    // A term alone goes back where a member that was cut off had campaigned in vain: the store is what it was.
    if ((answer.etcdIndex ?? index) >= index) return;
    this.#options.logger.warn(
      `etcd's store has gone back from index ${index} to ${answer.etcdIndex ?? 0} (told by ${endpoint.address}): it was restored or rebuilt.`,
    );
  }
}
