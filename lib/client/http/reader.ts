import type { Dispatcher } from 'undici';
import { readAnswer } from './read-answer.js';
import type { EtcdRequest, HttpAnswer, HttpFailure, HttpOutcome } from './request.js';

/** When nothing has come for so many milliseconds, what has not come is not waited for. */
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
  #answered = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(
    private readonly open: () => OpenConnection,
    private readonly options: ReaderOptions,
  ) {
    const { authorization } = options;
    this.#headers = authorization === undefined ? [] : ['authorization', authorization];
  }

  /** Sends a `GET`. It never rejects. Where the headers have come and nothing else does, the body is empty. */
  get({ path, method }: EtcdRequest): Promise<HttpOutcome> {
    if (this.#isClosed) return Promise.resolve(failed(undefined, 'closed', undefined));
    this.#timer ??= setTimeout(this.#giveUp, patience);
    const lane = this.#emptiest();
    lane.waiting++;
    return new Promise((resolve) => {
      const reading = new Reading(this.options.bytes, (outcome) => {
        if (!this.#readings.delete(reading)) return;
        lane.waiting--;
        this.#answered++;
        if (!this.#isClosed) this.#timer?.refresh();
        resolve(outcome);
      });
      this.#readings.add(reading);
      lane.client.dispatch(
        { path: this.options.prefix + path, method, headers: this.#headers, body: null },
        reading,
      );
    });
  }

  /** Ends all that is under way. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const { end } of this.#lanes.splice(0)) end();
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

  readonly #giveUp = (): void => {
    const answered = this.#answered;
    // Not before what has come meanwhile is read: this process may have stood still, and not the member.
    setImmediate(() => {
      if (this.#isClosed || this.#answered > answered) return;
      for (const reading of this.#readings) reading.giveUp();
      this.close();
    });
  };
}

/** One answer while it comes. */
class Reading implements Dispatcher.DispatchHandler {
  #answer: HttpAnswer | undefined;
  #body: Buffer[] = [];
  #bytes = 0;

  constructor(
    private readonly longest: number,
    private readonly settle: (outcome: HttpOutcome) => void,
  ) {}

  onHeaders(status: number, headers: Buffer[]): boolean {
    if (status >= 200) this.#answer = readAnswer(status, headers, '');
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > this.longest) this.#body = [];
    // Its memory is used again.
    else this.#body.push(Buffer.from(chunk));
    return true;
  }

  onComplete(): void {
    const body = Buffer.concat(this.#body).toString('utf8');
    if (this.#answer === undefined || body === '') this.#fail('no answer, or one too large', undefined);
    else this.settle({ ...this.#answer, body });
  }

  onError(error: Error): void {
    this.#fail(error.message, error);
  }

  /** Takes it that nothing more comes. */
  giveUp(): void {
    if (this.#answer !== undefined && this.#bytes === 0) this.settle(this.#answer);
  }

  #fail(outcome: string, cause: unknown): void {
    this.settle(failed(this.#answer?.status, outcome, cause));
  }
}

function failed(status: number | undefined, outcome: string, cause: unknown): HttpFailure {
  return { kind: 'failure', phase: 'sent', status, outcome, cause, byDeadline: false };
}
