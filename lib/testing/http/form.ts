import { malformedEscape, percentDecode, quote } from './escapes.js';

/** How long the body of a form may be, in bytes. One more is read to know that it is longer. */
export const longestForm = 10 * 1_024 * 1_024;

/** The first value of each name, as a byte string. */
export type Form = Map<string, string>;

/**
 * Adds to a form what a query or a body of type `application/x-www-form-urlencoded` says: names that it has already
 * keep their value.
 *
 * @returns what is wrong with it, in Go's words; the rest is taken all the same
 */
export function parseForm(text: string, form: Form): string | undefined {
  let problem: string | undefined;
  if (text === '') return problem;
  for (const pair of text.split('&')) {
    if (pair.includes(';')) {
      // Go lets this one take the place of what was wrong before.
      problem = 'invalid semicolon separator in query';
      continue;
    }
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    const value = equals < 0 ? '' : pair.slice(equals + 1);
    const malformed = pair.includes('%') ? (malformedEscape(name) ?? malformedEscape(value)) : undefined;
    if (malformed !== undefined) {
      problem ??= `invalid URL escape ${quote(malformed)}`;
      continue;
    }
    const decoded = decode(name);
    if (!form.has(decoded)) form.set(decoded, decode(value));
  }
  return problem;
}

function decode(text: string): string {
  return percentDecode(text.includes('+') ? text.replaceAll('+', ' ') : text);
}
