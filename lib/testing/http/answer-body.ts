import { longestWhole } from './answer-head.js';

/** A body that is short enough for a `Content-Length`, or the beginning of another one and what follows. */
export type OpenedBody =
  { readonly whole: string } | { readonly start: string; readonly rest: Iterator<string> | undefined };

/** Looks at a body for long enough to know how it is to be sent. */
export function openBody(body: string | Iterable<string>): OpenedBody {
  if (typeof body === 'string') {
    return body.length <= longestWhole ? { whole: body } : { start: body, rest: undefined };
  }
  const rest = body[Symbol.iterator]();
  let start = '';
  while (start.length <= longestWhole) {
    const next = rest.next();
    if (next.done === true) return { whole: start };
    start += next.value;
  }
  return { start, rest };
}

/** Where the pieces of a long body go. */
export interface PieceSink {
  /** Whether nobody listens any more. */
  readonly isGone: boolean;
  write(text: string): void;
  /** Calls back when it takes more: never at once, so that others have their turn. */
  whenReady(action: () => void): void;
}

/** Sends the pieces of a body one after the other, and then calls back. A body that fails ends with its error. */
export function passPieces(rest: Iterator<string>, sink: PieceSink, done: (error?: unknown) => void): void {
  sink.whenReady(() => {
    if (sink.isGone) {
      rest.return?.();
      return;
    }
    let next: IteratorResult<string>;
    try {
      next = rest.next();
    } catch (error) {
      done(error ?? new Error('The body of an answer has failed'));
      return;
    }
    if (next.done === true) {
      done();
      return;
    }
    sink.write(next.value);
    passPieces(rest, sink, done);
  });
}
