import type { Dispatcher } from 'undici';
import { readAnswer } from './read-answer.js';
import type { EtcdRequest, HttpAnswer, HttpFailure, HttpOutcome } from './request.js';

/** When a head has come and nothing else for so many milliseconds, its body is not waited for. */
const patience = 250;

/** A connection that is not shared with others, and what ends it. */
export interface OpenConnection {
  readonly client: Pick<Dispatcher, 'dispatch'>;
  readonly end: () => void;
}

/** A connection, and how many of its requests are not answered. */
interface Lane extends OpenConnection {
  waiting: number;
}

/** What is the same in all requests of a reader. */
export interface ReaderOptions {
  /** Stands before each path. */
  readonly prefix: string;
  readonly authorization: string | undefined;
  /** Longest body, in bytes. */
  readonly bytes: number;
  /** How long the member may stay silent before a head, in milliseconds. */
  readonly silence: number;
  /** How many connections share the requests, at most. */
  readonly connections: number;
}

/**
 * Asks one member for much that is answered at once. Requests are sent over a few connections without waiting for the
 * answers of those before; nothing is asked again. When the member stops answering, all that is under way fails.
 */
export class Reader {
  readonly #lanes: Lane[] = [];
  readonly #headers: string[];
  readonly #readings = new Set<Reading>();
  /** When something has come, or was asked for while nothing was under way, on the clock of `performance.now()`. */
  #heardAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param open opens a connection, or throws where there can be none any more */
  constructor(
    private readonly open: () => OpenConnection,
    private readonly options: ReaderOptions,
  ) {
    const { authorization } = options;
    this.#headers = authorization === undefined ? [] : ['authorization', authorization];
  }

  /** Sends a `GET`. It never rejects. An answer without a body, or one whose body does not come, is a failure. */
  get({ path, method }: EtcdRequest): Promise<HttpOutcome> {
    if (this.#isClosed) return Promise.resolve(failed(undefined, new Error('The reader is closed.')));
    if (this.#readings.size === 0) this.#heardAt = performance.now();
    this.#timer ??= setTimeout(this.#check, patience);
    return new Promise((resolve) => {
      const reading = new Reading(
        this.options.bytes,
        () => (this.#heardAt = performance.now()),
        (outcome) => {
          this.#readings.delete(reading);
          resolve(outcome);
          if (reading.isTooLong) this.close();
        },
      );
      this.#readings.add(reading);
      this.#send({ path: this.options.prefix + path, method, headers: this.#headers, body: null }, reading);
    });
  }

  /** Ends all that is under way. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const { end } of this.#lanes.splice(0)) end();
    for (const reading of this.#readings) reading.onError(new Error('The reader was closed.'));
  }

  #send(request: Dispatcher.DispatchOptions, reading: Reading): void {
    try {
      const lane = this.#emptiest();
      lane.waiting++;
      reading.onSettled = () => lane.waiting--;
      lane.client.dispatch(request, reading);
    } catch (error) {
      reading.onError(error as Error);
    }
  }

  #emptiest(): Lane {
    let best: Lane | undefined;
    for (const lane of this.#lanes) if (best === undefined || lane.waiting < best.waiting) best = lane;
    if (best !== undefined && (best.waiting === 0 || this.#lanes.length === this.options.connections))
      return best;
    const lane = { ...this.open(), waiting: 0 };
    this.#lanes.push(lane);
    return lane;
  }

  readonly #check = (): void => {
    this.#timer = undefined;
    if (this.#readings.size === 0) return;
    this.#timer = setTimeout(this.#check, patience);
    if (!this.#isSilent()) return;
    // Not before what has come meanwhile is read: this process may have stood still, and not the member.
    setImmediate(() => {
      if (this.#isSilent()) this.close();
    });
  };

  #isSilent(): boolean {
    const readings = [...this.#readings];
    const bound = readings.some(({ isBegun }) => isBegun) ? patience : this.options.silence;
    return readings.length > 0 && performance.now() - this.#heardAt >= bound;
  }
}

/** One answer while it comes. */
class Reading implements Dispatcher.DispatchHandler {
  onSettled: () => void = () => undefined;
  isTooLong = false;
  #answer: HttpAnswer | undefined;
  #body: Buffer[] = [];
  #bytes = 0;
  #isOver = false;

  constructor(
    private readonly longest: number,
    private readonly onHeard: () => void,
    private readonly settle: (outcome: HttpOutcome) => void,
  ) {}

  /** Whether its head has come. */
  get isBegun(): boolean {
    return this.#answer !== undefined;
  }

  onHeaders(status: number, headers: Buffer[]): boolean {
    this.onHeard();
    if (status >= 200) this.#answer = readAnswer(status, headers, '');
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.onHeard();
    this.#bytes += chunk.length;
    this.isTooLong = this.#bytes > this.longest;
    if (this.isTooLong) this.onError(new Error(`The answer is longer than ${this.longest} bytes.`));
    // Its memory is used again.
    else this.#body.push(Buffer.from(chunk));
    return true;
  }

  onComplete(): void {
    this.onHeard();
    if (this.#answer === undefined || this.#bytes === 0) return this.onError(new Error('An empty answer.'));
    this.#end({ ...this.#answer, body: Buffer.concat(this.#body).toString('utf8') });
  }

  onError(error: Error): void {
    this.#end(failed(this.#answer?.status, error));
  }

  #end(outcome: HttpOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.onSettled();
    this.settle(outcome);
  }
}

function failed(status: number | undefined, cause: Error): HttpFailure {
  return { kind: 'failure', phase: 'sent', status, outcome: cause.message, cause, byDeadline: false };
}
