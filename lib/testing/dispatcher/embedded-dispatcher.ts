import { Dispatcher } from 'undici';

import type { Service } from '../http/exchange.js';
import { HttpDate } from '../http/http-date.js';
import { InProcessExchange, type InProcessRequest } from '../http/in-process.js';
import { toldBy, type Told } from './listeners.js';
import { readBody, readHeaders, targetOf } from './request-parts.js';

/**
 * Sends undici's requests to an embedded server without a connection, whatever address they are for. Everything else is as it is
 * with one: faults, pauses, the log of requests.
 */
export class EmbeddedDispatcher extends Dispatcher {
  readonly #date = new HttpDate();
  readonly #running = new Set<Running>();

  /** @param isServing whether the server runs */
  constructor(
    private readonly service: Service,
    private readonly isServing: () => boolean,
  ) {
    super();
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const told = toldBy(handler);
    const send = (body: string): void => {
      if (!this.isServing()) {
        told.fail(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
        return;
      }
      const request = {
        method: options.method,
        target: targetOf(options),
        headers: readHeaders(options.headers),
        body,
      };
      this.#start(request, told);
    };
    try {
      const body = readBody(options.body);
      if (typeof body === 'string') send(body);
      else body.then(send).catch((error: Error) => told.fail(error));
    } catch (error) {
      told.fail(error as Error);
    }
    return true;
  }

  /** Ends what goes on, as a server does that stops. */
  override destroy(): Promise<void>;
  override destroy(...args: unknown[]): Promise<void> {
    for (const running of this.#running) running.cut();
    const done = args.find((each) => typeof each === 'function') as (() => void) | undefined;
    done?.();
    return Promise.resolve();
  }

  /** It has nothing to close; requests that go on may end. */
  override close(): Promise<void>;
  override close(done?: () => void): Promise<void> {
    done?.();
    return Promise.resolve();
  }

  #start(request: InProcessRequest, told: Told): void {
    const running = new Running(told, () => this.#running.delete(running));
    this.#running.add(running);
    running.start(this.service, request, this.#date);
  }
}

/** One request on its way. */
class Running {
  #exchange: InProcessExchange | undefined;
  #isOver = false;
  /** What came before the exchange was known, which answers at once. */
  readonly #early: (() => void)[] = [];

  constructor(
    private readonly told: Told,
    private readonly onEnd: () => void,
  ) {}

  start(service: Service, request: InProcessRequest, date: HttpDate): void {
    this.told.begin((reason) => this.#abort(reason));
    if (this.#isOver) return;
    const listener = {
      onHead: (status: number, headers: readonly (readonly [string, string])[]) =>
        this.#pass((exchange) => this.told.head(status, grouped(headers), exchange)),
      onData: (text: string) => {
        let isReady = true;
        this.#pass(() => (isReady = this.told.data(Buffer.from(text, 'latin1'))));
        return isReady;
      },
      onEnd: () => this.#pass(() => this.#end(() => this.told.end())),
      onCut: () => this.#pass(() => this.cut()),
    };
    this.#exchange = InProcessExchange.start(service, request, { date, listener });
    for (const action of this.#early) action();
  }

  /** Breaks off. */
  cut(): void {
    this.#exchange?.abort();
    this.#end(() =>
      this.told.fail(Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' })),
    );
  }

  #pass(action: (exchange: InProcessExchange) => void): void {
    const act = (): void => {
      if (this.#exchange !== undefined && !this.#isOver) action(this.#exchange);
    };
    if (this.#exchange === undefined) this.#early.push(act);
    else act();
  }

  #abort(reason: Error): void {
    this.#exchange?.abort();
    this.#end(() => this.told.fail(reason));
  }

  #end(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.onEnd();
    tell();
  }
}

/** Headers by their names; several of one name in a list. */
function grouped(headers: readonly (readonly [string, string])[]): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const known = all[name];
    all[name] = known === undefined ? value : [known, value].flat();
  }
  return all;
}
