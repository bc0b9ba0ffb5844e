import type { Socket } from 'node:net';

import type { Answer } from './answer.js';
import { openBody, passPieces, type PieceSink } from './answer-body.js';
import {
  type AnswerStart,
  type Ending,
  endingOf,
  formatHead,
  type Framing,
  type Manner,
  mayHaveBody,
} from './answer-head.js';
import type { HttpDate } from './http-date.js';
import type { Output } from './output.js';

/** Writes answers to a connection, one at a time. */
export class AnswerWriter implements PieceSink {
  #isChunked = false;
  #ready: (() => void) | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly output: Output,
    private readonly date: HttpDate,
  ) {}

  get isGone(): boolean {
    return this.socket.destroyed;
  }

  /** Writes a whole answer. @param done called when that is over, with whether the connection ends with it */
  send(manner: Manner, answer: Answer, done: (closes: boolean) => void): void {
    const opened = openBody(answer.body);
    if (manner.method === 'HEAD' || !mayHaveBody(answer.status)) {
      const isKnown = manner.method === 'HEAD' && 'whole' in opened && opened.whole !== '';
      if ('rest' in opened) opened.rest?.return?.();
      const { closes } = this.#writeHead(manner, answer, isKnown ? opened.whole.length : 'none', '');
      done(closes);
    } else if ('whole' in opened) {
      const { whole } = opened;
      const { closes } = this.#writeHead(manner, answer, whole.length, whole);
      done(closes);
    } else {
      const { closes } = this.begin(manner, answer, opened.start);
      if (opened.rest === undefined) {
        this.end('');
        done(closes);
      } else this.#pass(opened.rest, () => done(closes));
    }
  }

  /** Begins an answer the end of which is open. */
  begin(manner: Manner, start: AnswerStart, text: string): Ending {
    this.#isChunked = !manner.isOld;
    return this.#writeHead(manner, start, manner.isOld ? 'connection' : 'chunked', this.#frame(text));
  }

  /** Writes a part of an answer that has been begun. */
  write(text: string): void {
    this.output.write(this.#frame(text));
  }

  /** Ends an answer that has been begun. @param text its last part */
  end(text: string): void {
    this.output.write(this.#isChunked ? `${this.#frame(text)}0\r\n\r\n` : text);
  }

  whenReady(action: () => void): void {
    this.#ready = action;
    if (!this.output.isFull) setImmediate(() => this.proceed());
  }

  /** The client reads again, or is gone. */
  proceed(): void {
    const action = this.#ready;
    this.#ready = undefined;
    action?.();
  }

  #pass(rest: Iterator<string>, done: () => void): void {
    passPieces(rest, this, (error) => {
      if (error !== undefined) {
        this.socket.destroy();
        return;
      }
      this.end('');
      done();
    });
  }

  #writeHead(manner: Manner, start: AnswerStart, framing: Framing, body: string): Ending {
    const ending = endingOf(manner, start, framing);
    const head = formatHead(start, framing, ending, { isOld: manner.isOld, date: this.date.now() });
    this.output.write(head + body);
    return ending;
  }

  #frame(text: string): string {
    return text === '' || !this.#isChunked ? text : `${text.length.toString(16)}\r\n${text}\r\n`;
  }
}
