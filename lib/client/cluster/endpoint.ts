import type { Connector } from '../http/connector.js';
import { exchange, type ExchangeLimits } from '../http/exchange.js';
import { type OpenConnection, Reader, type ReaderOptions } from '../http/reader.js';
import type { EtcdRequest, HttpFailure, HttpOutcome } from '../http/request.js';
import { addressOf, pathPrefixOf } from '../options/host.js';
import type { Call } from './call.js';
import { type Connections, openPool, WatchConnections } from './pools.js';
import { Turns } from './turns.js';

/**
 * `unproven`: not yet asked who it is, or in doubt since. `up`: has answered who it is. `resting`: has not
 * answered, and is left alone for a while.
 */
export type EndpointState = 'unproven' | 'up' | 'resting';

/** How long a member that did not answer is left alone, plus up to half of it again by chance. */
const rest = 1_000;

/** How long an idle connection is kept; etcd itself never ends one. */
const keepAlive = 300_000;

/** One address of a member: its connections, and what is known about it. */
export class Endpoint {
  /** Scheme, host, port and path prefix; also its name in logs and errors. */
  readonly address: string;
  /** The question under way who it is; gives `undefined`, or in a few words why there was no good answer. */
  proving: Promise<string | undefined> | undefined;
  /** Why it did not answer when it was asked last. */
  restsBecause = '';
  /** When it last failed to say who it is, on the clock of `performance.now()`. */
  failedAt = -Infinity;
  /** Whether its loss has been reported. */
  lost = false;
  /** Whether it has been reported that another cluster answers there. */
  foreign = false;

  #state: EndpointState = 'unproven';
  #restsUntil = 0;
  readonly #origin: string;
  readonly #prefix: string;
  readonly #connections: number;
  /** Made for the first request. */
  #opened: Connections | undefined;
  #isClosed = false;
  #watches: WatchConnections;
  readonly #turns: Turns;

  /** @param configured whether the user or SRV records name it, in contrast to an advertised address that was learned */
  constructor(
    url: URL,
    public configured: boolean,
    private readonly connector: Connector,
    connections: number,
  ) {
    this.address = addressOf(url);
    this.#origin = url.origin;
    this.#prefix = pathPrefixOf(url);
    this.#turns = new Turns(connections);
    // One more than there are turns, for the question who it is.
    this.#connections = connections + 1;
    this.#watches = new WatchConnections(url.origin, connector);
  }

  get state(): EndpointState {
    return this.#state;
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Whether it may be asked at this time. */
  isAvailable(now: number): boolean {
    return this.#state !== 'resting' || now >= this.#restsUntil;
  }

  /** Milliseconds until it may be asked again. */
  restLeft(now: number): number {
    return this.#state === 'resting' ? Math.max(0, this.#restsUntil - now) : 0;
  }

  markUp(): void {
    this.#state = 'up';
  }

  /** It has failed a request, or has no connection any more: it is asked who it is before it gets the next request. */
  doubt(): void {
    if (this.#state === 'up') this.#state = 'unproven';
    this.#turns.sendAway();
  }

  markResting(why: string): void {
    this.#state = 'resting';
    this.restsBecause = why;
    this.failedAt = performance.now();
    this.#restsUntil = this.failedAt + rest * (1 + Math.random() / 2);
    this.#endWatches(new Error(why));
  }

  /** Asks who it is: at once, without credentials, whatever else is under way. */
  async ask(request: EtcdRequest, limits: ExchangeLimits): Promise<HttpOutcome> {
    if (!this.connector.isReady) await this.connector.load();
    if (this.#isClosed) return unsent('closed');
    return exchange(this.#pool, this.#prefix, request, undefined, limits, noTurn);
  }

  /** Sends a request when its turn comes. */
  send(
    request: EtcdRequest,
    authorization: string | undefined,
    limits: ExchangeLimits,
    call: Call,
  ): Promise<HttpOutcome> {
    const begin = () => exchange(this.#pool, this.#prefix, request, authorization, limits, this.#endTurn);
    if (this.#turns.take()) return begin();
    return this.#turns.wait(call).then((turn) => {
      if (turn && this.isUp) return begin();
      if (turn) this.#endTurn();
      return withoutTurn;
    });
  }

  /** Sends a request whose answer may stay open, apart from the connections of others. */
  stream(
    request: EtcdRequest,
    authorization: string | undefined,
    limits: ExchangeLimits,
  ): Promise<HttpOutcome> {
    if (request.isShort === true)
      return exchange(this.#watches.short, this.#prefix, request, authorization, limits, noTurn);
    const { client, end } = this.#watches.open();
    return exchange(client, this.#prefix, request, authorization, limits, end);
  }

  /** Reads much at once, over connections of its own. */
  openReader(options: Omit<ReaderOptions, 'prefix'>): Reader {
    const open = (): OpenConnection => {
      if (!this.isUp) throw new Error(`${this.address} is in doubt.`);
      return this.#watches.open();
    };
    return new Reader(open, { ...options, prefix: this.#prefix });
  }

  get #pool(): Connections {
    const options = { connections: this.#connections, keepAlive };
    return (this.#opened ??= openPool(this.#origin, this.connector, options, () => this.doubt()));
  }

  readonly #endTurn = (): void => this.#turns.give();

  /** Takes no more requests, and ends its connections when those under way have ended. */
  async retire(): Promise<void> {
    this.#turns.sendAway();
    this.#endWatches(new Error('no longer a member'));
    await this.#opened?.close();
  }

  /** Ends its connections, and every request on them with `error`. */
  async close(error: Error): Promise<void> {
    this.#isClosed = true;
    this.#turns.sendAway();
    const watches = this.#watches.destroy(error);
    await this.#opened?.destroy(error);
    await watches;
  }

  /** What a member that is silent, or none any more, would have told, others tell. */
  #endWatches(error: Error): void {
    const watches = this.#watches;
    this.#watches = new WatchConnections(this.#origin, this.connector);
    void watches.destroy(error);
  }
}

const noTurn = (): void => undefined;

/** What comes of a request that was not sent. */
export function unsent(outcome: string): HttpFailure {
  return {
    kind: 'failure',
    phase: 'unsent',
    status: undefined,
    outcome,
    cause: undefined,
    byDeadline: false,
  };
}

const withoutTurn: HttpFailure = { ...unsent('every connection was in use'), phase: 'waiting' };
