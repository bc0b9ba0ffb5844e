import { checkInteger } from './embedded-options.js';

/** A request as it arrived. */
export interface EmbeddedRequest {
  readonly method: string;
  /** The target as it was sent, e.g. `/v2/keys/a?recursive=true`. */
  readonly url: string;
}

/** Which requests a {@link EmbeddedFault} is for. @default each */
export type EmbeddedFaultMatch = (request: EmbeddedRequest) => boolean;

/** What is to go wrong with a request. */
export type EmbeddedFault = (
  | {
      /** Answers this status in place of etcd; the request does nothing. */
      readonly status: number;
      /** @default '' */
      readonly body?: string;
    }
  /** Resets the connection; the request does nothing. */
  | { readonly reset: true }
  /** Begins to deal with the request so many ms later. */
  | { readonly delay: number }
  /** Does what is asked for, and cuts the connection after so many bytes of the answer, its head included. */
  | { readonly cutAfterBytes: number }
) & {
  readonly match?: EmbeddedFaultMatch;
  /** How many requests it is for. @default 1 */
  readonly times?: number;
};

/** How many requests are remembered. */
const longestLog = 10_000;

/** What tests may do to the requests of a server: hold them up, let them fail, look at them. */
export class Traffic {
  readonly #faults: { readonly fault: EmbeddedFault; left: number }[] = [];
  readonly #requests: EmbeddedRequest[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #watches = new Set<() => void>();
  #paused = false;
  /** Requests of an earlier one are answered no more. */
  #generation = 0;

  get isPaused(): boolean {
    return this.#paused;
  }

  get generation(): number {
    return this.#generation;
  }

  get requests(): readonly EmbeddedRequest[] {
    return [...this.#requests];
  }

  clearRequests(): void {
    this.#requests.length = 0;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const action of waiting) action();
  }

  /** Goes on as a new process does, which knows nothing of the requests that waited. */
  restart(): void {
    this.#paused = false;
    this.#waiting.clear();
  }

  /** Does something now, or once the server is no longer paused. An action that waits already waits once. */
  whenRunning(action: () => void): void {
    if (this.#paused) this.#waiting.add(action);
    else action();
  }

  /** Notes a watch that goes on. @param cut what ends its connection @returns what forgets it */
  addWatch(cut: () => void): () => void {
    this.#watches.add(cut);
    return () => this.#watches.delete(cut);
  }

  /** Ends the watches; whoever watches again at once is not meant. */
  cutWatches(): void {
    for (const cut of Array.from(this.#watches)) cut();
  }

  /** Forgets what was planned and logged, and ends watches and what waits to be answered. */
  reset(): void {
    this.#generation++;
    this.#faults.length = 0;
    this.clearRequests();
    this.cutWatches();
  }

  failNext(fault: EmbeddedFault): void {
    checkFault(fault);
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  /** Notes a request. @returns what is to go wrong with it */
  admit(request: EmbeddedRequest): EmbeddedFault | undefined {
    if (this.#requests.length >= longestLog) this.#requests.splice(0, longestLog / 2);
    this.#requests.push(request);
    const position = this.#faults.findIndex(({ fault }) => fault.match?.(request) ?? true);
    const entry = this.#faults[position];
    if (entry === undefined) return undefined;
    if (--entry.left === 0) this.#faults.splice(position, 1);
    return entry.fault;
  }
}

const kinds = ['status', 'reset', 'delay', 'cutAfterBytes'] as const;

/** @throws {RangeError | TypeError} */
function checkFault(fault: EmbeddedFault): void {
  const given = kinds.filter((kind) => kind in fault);
  if (given.length !== 1)
    throw new TypeError(
      `Expected a fault to have one of ${kinds.join(', ')}, got ${given.join(' and ') || 'none'}`,
    );
  if ('status' in fault) checkInteger('status', fault.status, 200, 599);
  if ('cutAfterBytes' in fault) checkInteger('cutAfterBytes', fault.cutAfterBytes, 0);
  if ('delay' in fault) checkInteger('delay', Math.ceil(fault.delay), 0, 2 ** 31 - 1);
  if ('reset' in fault && !fault.reset) throw new TypeError('Expected `reset` to be true');
  if (fault.match !== undefined && typeof fault.match !== 'function')
    throw new TypeError('Expected `match` to be a function of a request');
  checkInteger('times', fault.times ?? 1, 1);
}
