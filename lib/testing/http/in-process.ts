import type { Answer } from './answer.js';
import { openBody, passPieces, type PieceSink } from './answer-body.js';
import { type AnswerStart, formatHead, type Framing, headerList, mayHaveBody } from './answer-head.js';
import { type Asker, perform, type Service } from './exchange.js';
import { badRequest, refusalText } from './refusal.js';
import type { HttpDate } from './http-date.js';
import type { RequestHeaders } from './etcd-request.js';
import type { WatchAnswer } from './keys-handler.js';
import { parseTarget } from './target.js';
import { wantsBody } from './wants-body.js';
import { type EventSink, RunningWatch } from './watch-answer.js';

/** A request of somebody in this process. All texts are byte strings. */
export interface InProcessRequest {
  readonly method: string;
  /** As it would stand in the first line, e.g. `/v2/keys/a?recursive=true`. */
  readonly target: string;
  readonly headers: RequestHeaders;
  readonly body: string;
}

/** Who is told the answer, one thing after another. All texts are byte strings. */
export interface AnswerListener {
  /** @param headers in the order in which they would be sent */
  onHead(status: number, headers: readonly (readonly [name: string, value: string])[]): void;
  /** @returns whether it takes more at once; otherwise it is to call {@link InProcessExchange.resume} */
  onData(text: string): boolean;
  onEnd(): void;
  /** The answer breaks off, or there is none, as when a connection ends. Nothing follows. */
  onCut(): void;
}

/** A request without a connection: everything but the bytes is as it is with one, faults and pauses included. */
export class InProcessExchange implements Asker, EventSink, PieceSink {
  #state: 'open' | 'over' = 'open';
  #isFull = false;
  #left = Number.POSITIVE_INFINITY;
  #watch: RunningWatch | undefined;
  #ready: (() => void) | undefined;

  private constructor(
    private readonly method: string,
    private readonly service: Service,
    private readonly date: HttpDate,
    private readonly listener: AnswerListener,
  ) {}

  /** Sends a request. The answer may come before this returns. */
  static start(
    service: Service,
    { method, target, headers, body }: InProcessRequest,
    { date, listener }: { readonly date: HttpDate; readonly listener: AnswerListener },
  ): InProcessExchange {
    const exchange = new InProcessExchange(method, service, date, listener);
    const parsed = parseTarget(method, target);
    if (parsed === undefined) {
      const [, text = ''] = refusalText(badRequest).split('\r\n\r\n');
      exchange.#send({ status: 400, headers: [], origins: false }, text.length, text);
      return exchange;
    }
    const read = wantsBody({ method, path: parsed.path, headers }) ? body : '';
    perform(service, { method, ...parsed, headers, body: read }, target, exchange);
    return exchange;
  }

  get isGone(): boolean {
    return this.#state === 'over';
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Goes on after {@link AnswerListener.onData} has returned `false`. */
  resume(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#watch?.drain();
    this.#proceed();
  }

  /** Wants no answer any more: nothing is told from now on. */
  abort(): void {
    this.#finish();
  }

  answer(answer: Answer): void {
    const opened = openBody(answer.body);
    if (this.method === 'HEAD' || !mayHaveBody(answer.status)) {
      if ('rest' in opened) opened.rest?.return?.();
      const isKnown = this.method === 'HEAD' && 'whole' in opened && opened.whole !== '';
      this.#send(answer, isKnown ? opened.whole.length : 'none', '');
    } else if ('whole' in opened) this.#send(answer, opened.whole.length, opened.whole);
    else if (opened.rest === undefined) this.#send(answer, 'chunked', opened.start);
    else {
      this.#begin(answer, 'chunked');
      this.write(opened.start);
      passPieces(opened.rest, this, (error) => (error === undefined ? this.#end() : this.destroy()));
    }
  }

  watch(answer: WatchAnswer): void {
    this.#watch = new RunningWatch(answer, this.service.traffic, this);
    this.#begin({ status: 200, headers: answer.headers }, 'chunked');
    this.#watch.start();
  }

  cutAfter(bytes: number): void {
    this.#left = bytes;
  }

  reset(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.isGone) return;
    this.#finish();
    this.listener.onCut();
  }

  write(text: string): void {
    if (this.isGone || text === '') return;
    const passed = text.length <= this.#left ? text : text.slice(0, this.#left);
    this.#left -= passed.length;
    if (passed !== '' && !this.listener.onData(passed)) this.#isFull = true;
    if (passed.length < text.length) this.destroy();
  }

  finish(text: string): void {
    this.write(text);
    this.#end();
  }

  whenReady(action: () => void): void {
    this.#ready = action;
    if (!this.#isFull) setImmediate(() => this.#proceed());
  }

  #proceed(): void {
    const action = this.#ready;
    this.#ready = undefined;
    action?.();
  }

  #send(start: AnswerStart, framing: Framing, body: string): void {
    this.#begin(start, framing);
    this.write(body);
    this.#end();
  }

  /** Tells the head, if it has come as a whole. */
  #begin(start: AnswerStart, framing: Framing): void {
    const date = this.date.now();
    if (this.#left !== Number.POSITIVE_INFINITY) {
      const ending = { closes: false, said: undefined };
      this.#left -= formatHead(start, framing, ending, { isOld: false, date }).length;
      if (this.#left < 0) this.destroy();
    }
    if (!this.isGone) this.listener.onHead(start.status, headerList(start, framing, date));
  }

  #end(): void {
    if (this.isGone) return;
    this.#finish();
    this.listener.onEnd();
  }

  #finish(): void {
    this.#state = 'over';
    this.#watch?.end();
    this.#watch = undefined;
    this.#proceed();
  }
}
