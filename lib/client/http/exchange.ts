import { isUtf8 } from 'node:buffer';
import type { Dispatcher } from 'undici';
import { EtcdError, EtcdResponseError, EtcdResponseTooLargeError } from '../errors/index.js';
import { offAbort, onAbort } from './abort.js';
import { HttpSyntaxError } from './answer-parser.js';
import { readAnswer } from './read-answer.js';
import type { EtcdRequest, HttpFailure, HttpOutcome, StreamReceiver } from './request.js';

/** The bounds of one exchange. */
export interface ExchangeLimits {
  /** How long the member may stay silent, in milliseconds. */
  readonly silence: number;
  /** When the whole call ends, on the clock of `performance.now()`. */
  readonly deadline: number;
  /** Longest body, in bytes. */
  readonly bytes: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends one request to one member and gives its answer, or the failure; it never rejects. `done` is called once, at its
 * end. A good answer to a request with a `receiver` is given with its headers, and has no bounds from then on.
 */
export function exchange(
  dispatcher: Pick<Dispatcher, 'dispatch'>,
  prefix: string,
  request: EtcdRequest,
  authorization: string | undefined,
  limits: ExchangeLimits,
  done: () => void,
): Promise<HttpOutcome> {
  return new Promise((settle) => {
    const running = new Exchange(settle, done, limits, request.receiver);
    const headers: string[] = [];
    if (request.contentType !== undefined) headers.push('content-type', request.contentType);
    if (authorization !== undefined) headers.push('authorization', authorization);
    try {
      dispatcher.dispatch(
        { path: prefix + request.path, method: request.method, headers, body: request.body ?? null },
        running,
      );
    } catch (error) {
      running.onError(error as Error);
    }
  });
}

/**
 * One request on its way, as undici's handler with raw headers, which costs about a third less CPU than the one
 * with parsed headers. It settles once: with the answer, or with the failure and how far the request had come.
 */
class Exchange implements Dispatcher.DispatchHandler {
  #sent = false;
  #settled = false;
  #abort: ((error: Error) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When that is due, on the clock of `performance.now()`. */
  #dueAt = Infinity;
  /** Whether the member has said anything since the timer was set. */
  #heard = false;
  /** Whether the timer stands for the end of the call, which comes before the member has been silent for too long. */
  #isLastTimer = false;
  #status = 0;
  #headers: readonly Buffer[] = [];
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #bytes = 0;

  readonly #settle: (outcome: HttpOutcome) => void;
  readonly #done: () => void;
  readonly #limits: ExchangeLimits;
  readonly #receiver: StreamReceiver | undefined;
  /** Whether the answer has been given and its body goes to the receiver. */
  #streams = false;

  constructor(
    settle: (outcome: HttpOutcome) => void,
    done: () => void,
    limits: ExchangeLimits,
    receiver: StreamReceiver | undefined,
  ) {
    this.#settle = settle;
    this.#done = done;
    this.#limits = limits;
    this.#receiver = receiver;
    onAbort(limits.signal, this.#onSignal);
    this.#setTimer();
  }

  /** undici calls it right before the first byte is written. */
  onConnect(abort: (error?: Error) => void): void {
    // A signal that was aborted before it was listened to says nothing more.
    if (this.#limits.signal?.aborted === true) this.#onSignal();
    // Sent now, it would be given up at once, and nobody would know whether it was applied.
    if (performance.now() >= this.#dueAt) this.#judge();
    if (this.#settled) return abort(new Error('The request has ended before it was sent.'));
    this.#abort = abort;
    this.#sent = true;
  }

  onHeaders(status: number, headers: Buffer[]): boolean {
    if (status < 200) return true;
    this.#heard = true;
    this.#status = status;
    this.#headers = headers;
    if (status === 200 && this.#receiver !== undefined && !this.#settled) this.#stream();
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.#streams) {
      this.#receiver?.onData(chunk);
      return true;
    }
    this.#heard = true;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limits.bytes) {
      this.#fail(
        'answer too large',
        new EtcdResponseTooLargeError(
          `The answer is longer than \`maxResponseBytes\` (${this.#limits.bytes}).`,
        ),
      );
      return true;
    }
    // The memory of what comes where streams are expected is used again.
    const kept = this.#receiver === undefined ? chunk : Buffer.from(chunk);
    if (this.#first === undefined) this.#first = kept;
    else (this.#more ??= [this.#first]).push(kept);
    return true;
  }

  onComplete(): void {
    if (this.#streams) return this.#endStream(undefined);
    if (this.#settled) return;
    const bytes = this.#more === undefined ? this.#first : Buffer.concat(this.#more, this.#bytes);
    if (bytes !== undefined && !isUtf8(bytes)) {
      return this.#fail(
        'an answer that is no UTF-8',
        new EtcdResponseError('The answer is not valid UTF-8.'),
      );
    }
    this.#end(readAnswer(this.#status, this.#headers, bytes === undefined ? '' : bytes.toString('utf8')));
  }

  onError(error: Error & { data?: unknown }): void {
    // undici's parser adds the bytes that it could not read, which may hold values.
    delete error.data;
    const outcome = describeFailure(error);
    if (this.#streams) return this.#endStream(outcome);
    this.#fail(
      outcome,
      isNotHttp(error)
        ? new EtcdResponseError(`The answer is not HTTP as etcd speaks it (${outcome}).`, { cause: error })
        : error,
    );
  }

  readonly #onSignal = (): void => this.#fail('aborted', this.#limits.signal?.reason);

  // Not before what has come meanwhile is read: this process may have stood still, and not the member.
  readonly #onTimer = (): void => void setImmediate(this.#judge);

  readonly #judge = (): void => {
    if (this.#settled) return;
    if (this.#isLastTimer) return this.#fail('no whole answer before the deadline', undefined, true);
    if (this.#heard) return this.#setTimer();
    this.#fail(`no answer within ${this.#limits.silence} ms`, undefined);
  };

  #setTimer(): void {
    this.#heard = false;
    const now = performance.now();
    const left = Math.ceil(this.#limits.deadline - now);
    this.#isLastTimer = left < this.#limits.silence;
    const time = Math.max(0, Math.min(this.#limits.silence, left));
    this.#dueAt = now + time;
    this.#timer = setTimeout(this.#onTimer, time);
  }

  #fail(outcome: string, cause: unknown, byDeadline = false): void {
    if (this.#settled) return;
    const phase =
      this.#status !== 0 ? 'answered' : this.#sent && !isRefusedHandshake(cause) ? 'sent' : 'unsent';
    const failure: HttpFailure = {
      kind: 'failure',
      phase,
      status: this.#status || undefined,
      outcome,
      cause,
      byDeadline,
    };
    this.#end(failure);
    this.#abort?.(cause instanceof Error ? cause : new Error(outcome));
  }

  #end(outcome: HttpOutcome): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    offAbort(this.#limits.signal, this.#onSignal);
    this.#settle(outcome);
    if (!this.#streams) this.#done();
  }

  #stream(): void {
    this.#streams = true;
    const close = (): void => {
      if (!this.#streams) return;
      this.#streams = false;
      this.#done();
      this.#abort?.(new Error('The watch was closed.'));
    };
    this.#end({ ...readAnswer(this.#status, this.#headers, ''), stream: { close } });
  }

  #endStream(outcome: string | undefined): void {
    this.#streams = false;
    this.#done();
    this.#receiver?.onEnd(outcome);
  }
}

/** Whether undici's parser could not read the answer, in contrast to one that was cut short. Its errors have no code. */
function isNotHttp(error: Error): boolean {
  if (error instanceof HttpSyntaxError) return true;
  return error.name === 'HTTPParserError'
    ? !error.message.includes('Invalid EOF')
    : codeOf(error) === 'UND_ERR_HEADERS_OVERFLOW';
}

/**
 * Under TLS 1.3 a server refuses a client certificate only after the client has begun to send. Such an alert comes
 * before any request is read, so that nothing can have been applied.
 */
function isRefusedHandshake(cause: unknown): boolean {
  const code = codeOf(cause);
  return (
    code !== undefined &&
    /^ERR_SSL_.*ALERT_(?:NO_|BAD_|UNSUPPORTED_|UNKNOWN_CA|CERTIFICATE_|HANDSHAKE_|ACCESS_)/.test(code)
  );
}

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** The error's code, or what it says; for several addresses of one name, the first one's. */
export function describeFailure(error: unknown): string {
  if (error instanceof EtcdError) return error.message;
  const code = codeOf(error);
  if (code !== undefined) return code;
  return error instanceof Error || (typeof error === 'object' && error !== null && 'message' in error)
    ? String(error.message)
    : String(error);
}
