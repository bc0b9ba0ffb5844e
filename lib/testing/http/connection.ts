import type { Socket } from 'node:net';

import type { Answer } from './answer.js';
import { AnswerWriter } from './answer-writer.js';
import { type Asker, perform, type Service } from './exchange.js';
import { longestForm } from './form.js';
import type { HttpDate } from './http-date.js';
import { HeadReader } from './head-reader.js';
import { Input } from './input.js';
import type { WatchAnswer } from './keys-handler.js';
import { Output } from './output.js';
import { type Refusal, refusalText } from './refusal.js';
import { RequestBody } from './request-body.js';
import type { RequestHead } from './request-head.js';
import { wantsBody } from './wants-body.js';
import { type EventSink, RunningWatch } from './watch-answer.js';

/** How long Go waits, in ms, for a client to read its last answer. */
const lingering = 500;

/** How long, in ms, an answer is waited for after the client has ended its side: etcd itself gives up after 7 s. */
const halfOpenLimit = 10_000;

/**
 * What a connection does: it reads a head, and its body if somebody wants that; the handler is at work; what nobody
 * wanted of the body is passed over; it answers. And so on, until it closes.
 */
type State = 'head' | 'body' | 'handling' | 'skipping' | 'answering' | 'closing';

/** One connection: requests are answered one at a time, in order. */
export class Connection implements Asker, EventSink {
  readonly #input = new Input();
  readonly #output: Output;
  readonly #writer: AnswerWriter;
  readonly #heads: HeadReader;
  #state: State = 'head';
  #request: RequestHead | undefined;
  #body: RequestBody | undefined;
  #answer: Answer | WatchAnswer | undefined;
  #watch: RunningWatch | undefined;
  #closesAfterWatch = false;
  #isWanted = false;
  #isAdvancing = false;
  #isPaused = false;
  #hasEnded = false;

  private constructor(
    private readonly socket: Socket,
    private readonly service: Service,
    date: HttpDate,
    isPlain: boolean,
  ) {
    this.#output = new Output(socket);
    this.#writer = new AnswerWriter(socket, this.#output, date);
    this.#heads = new HeadReader(this.#input, isPlain);
  }

  /**
   * Serves a connection until it ends.
   *
   * @param isPlain whether it is not encrypted: etcd looks at the first line of those more closely
   */
  static serve(socket: Socket, service: Service, date: HttpDate, isPlain: boolean): void {
    const connection = new Connection(socket, service, date, isPlain);
    socket.on('data', (chunk: Buffer) => connection.#receive(chunk));
    socket.on('end', () => connection.#finishInput());
    socket.on('drain', () => connection.#drain());
    // A client that is gone is no error of the server's; `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => connection.#forget());
  }

  get isGone(): boolean {
    return this.socket.destroyed || this.#state === 'closing';
  }

  get isFull(): boolean {
    return this.#output.isFull;
  }

  answer(answer: Answer): void {
    this.#settle(answer);
  }

  watch(answer: WatchAnswer): void {
    this.#settle(answer);
  }

  cutAfter(bytes: number): void {
    this.#output.cutAfter(bytes);
  }

  destroy(): void {
    this.#output.flush();
    this.socket.destroy();
  }

  reset(): void {
    this.#output.flush();
    // Beneath TLS there is nothing to reset.
    if ('encrypted' in this.socket) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  write(text: string): void {
    this.#writer.write(text);
  }

  finish(text: string): void {
    this.#writer.end(text);
    this.#watch?.end();
    this.#watch = undefined;
    this.#goOn(this.#closesAfterWatch);
  }

  #receive(chunk: Buffer): void {
    if (this.#state === 'closing') return;
    this.#input.feed(chunk);
    if (this.#isBusy || this.#output.isFull) {
      this.#isPaused = true;
      this.socket.pause();
    } else this.#advance();
  }

  get #isBusy(): boolean {
    return this.#state === 'handling' || this.#state === 'answering';
  }

  /** The client sends no more. It may still read. */
  #finishInput(): void {
    this.#hasEnded = true;
    if (this.#state === 'closing') return;
    if (this.#watch !== undefined) this.finish('');
    else if (this.#state === 'handling') this.socket.setTimeout(halfOpenLimit, () => this.socket.destroy());
    else this.#advance();
  }

  #drain(): void {
    this.#output.drained();
    this.#watch?.drain();
    this.#writer.proceed();
    if (!this.#isBusy) this.#advance();
  }

  /** Does what can be done with what has come in. */
  #advance(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    this.#output.hold();
    while (this.#step());
    this.#output.release();
    this.#isAdvancing = false;
    if (this.#isPaused && !this.#isBusy && !this.#output.isFull) {
      this.#isPaused = false;
      this.socket.resume();
    }
  }

  /** @returns whether there may be more to do */
  #step(): boolean {
    if (this.socket.destroyed) return false;
    if (this.#state === 'head') return this.#readHead();
    if (this.#state === 'body') return this.#readBody();
    return this.#state === 'skipping' && this.#skipBody();
  }

  #readHead(): boolean {
    if (this.#output.isFull) return false;
    const read = this.#heads.read(this.#hasEnded);
    if (read === undefined) return false;
    if (read === 'reset') this.reset();
    else if (read === 'destroy') this.destroy();
    else if (read === 'end') this.#close();
    else if ('status' in read) this.#refuse(read);
    else this.#begin(read);
    return true;
  }

  #begin(request: RequestHead): void {
    this.#request = request;
    const { bodyLength, expectation } = request;
    this.#body = bodyLength === 0 ? undefined : new RequestBody(bodyLength);
    this.#isWanted = bodyLength !== 0 && wantsBody(request);
    if (expectation === 'unknown') {
      this.#state = 'handling';
      this.answer({ status: 417, headers: [['Connection', 'close']], body: '', origins: false });
    } else if (this.#isWanted) {
      this.#state = 'body';
      if (expectation === 'continue')
        this.service.traffic.whenRunning(() => this.#output.write('HTTP/1.1 100 Continue\r\n\r\n'));
    } else this.#handle(request, '');
  }

  #readBody(): boolean {
    const request = this.#request;
    const body = this.#body;
    if (request === undefined || body === undefined) return false;
    if (!body.read(this.#input, longestForm + 1)) {
      if (!this.#hasEnded) return false;
      body.breakOff(this.#input);
    }
    this.#handle(request, body.text, body.problem);
    return true;
  }

  #handle(request: RequestHead, body: string, bodyProblem?: string): void {
    const { method, path, query, headers, url } = request;
    this.#state = 'handling';
    perform(this.service, { method, path, query, headers, body, bodyProblem }, url, this);
  }

  #settle(answer: Answer | WatchAnswer): void {
    this.#answer = answer;
    this.#state = 'skipping';
    this.#advance();
  }

  /** Go answers only when what was sent has been read, so that nobody waits for the other one. */
  #skipBody(): boolean {
    const request = this.#request;
    const body = this.#body;
    const answer = this.#answer;
    if (request === undefined || answer === undefined) return false;
    const mustClose = body === undefined ? false : this.#passOver(body, request);
    if (mustClose === undefined) return false;
    this.#request = undefined;
    this.#body = undefined;
    this.#answer = undefined;
    this.#write(mustClose ? { ...request, closes: true, keepsOld: false } : request, answer);
    return true;
  }

  /** @returns whether the connection must end because of what is left of a body, once that is known */
  #passOver(body: RequestBody, { expectation }: RequestHead): boolean | undefined {
    if (expectation === 'continue' && !(this.#isWanted && body.isDone)) return true;
    // Go has taken the end of the connection for the end of the body.
    if (this.#isWanted && body.isShort) return false;
    if (!body.skip(this.#input)) {
      if (!this.#hasEnded) return undefined;
      body.breakOff(this.#input);
    }
    return !body.isDone || body.problem !== undefined;
  }

  #write(request: RequestHead, answer: Answer | WatchAnswer): void {
    this.#state = 'answering';
    if (!('watcher' in answer)) {
      this.#writer.send(request, answer, (closes) => this.#goOn(closes));
      return;
    }
    const { closes } = this.#writer.begin(request, { status: 200, headers: answer.headers }, '');
    this.#closesAfterWatch = closes;
    this.#watch = new RunningWatch(answer, this.service.traffic, this);
    this.#watch.start();
    if (this.#watch !== undefined && this.#hasEnded) this.finish('');
  }

  /** An answer is complete. */
  #goOn(closes: boolean): void {
    if (closes) {
      this.#close();
      return;
    }
    this.#state = 'head';
    this.#advance();
  }

  #refuse(refusal: Refusal): void {
    this.#state = 'closing';
    this.service.traffic.whenRunning(() => {
      this.#output.write(refusalText(refusal));
      this.#close();
    });
  }

  #forget(): void {
    this.#watch?.end();
    this.#writer.proceed();
  }

  /** Ends the connection, once the client has had time to read what was written. */
  #close(): void {
    this.#state = 'closing';
    this.#input.clear();
    this.#output.flush();
    this.socket.end();
    if (this.#isPaused) this.socket.resume();
    setTimeout(() => this.socket.destroy(), lingering).unref();
  }
}
