import { setTimeout as sleep } from 'node:timers/promises';

import type { Answer } from '../../lib/testing/http/answer.js';
import type { Handler } from '../../lib/testing/http/handler.js';

export const textAnswer = (body: Answer['body']): Answer => ({ status: 200, headers: [], body });
export const piece = 'x'.repeat(65_536);

/** Answers by the path: what it says, never, late, with an error, in so many pieces. */
export class Routes {
  pieces = 0;
  isLetGo = false;

  readonly handler: Handler = ({ path }) => {
    if (path === '/never') return new Promise<Answer>(() => undefined);
    if (path === '/late') return sleep(30).then(() => textAnswer('late'));
    if (path === '/error') throw new Error('An error of the handler');
    if (path === '/late-error') return sleep(5).then(() => Promise.reject(new Error('A late error')));
    if (path.startsWith('/pieces/')) return textAnswer(this.#count(Number(path.slice('/pieces/'.length))));
    return textAnswer(path);
  };

  *#count(count: number): Generator<string> {
    try {
      for (; count > 0; count--) {
        this.pieces++;
        yield piece;
      }
      yield 'the end';
    } finally {
      this.isLetGo = true;
    }
  }
}
