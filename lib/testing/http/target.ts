import { malformedEscape, percentDecode } from './escapes.js';

/** The target of a request. */
export interface Target {
  /** Decoded: a byte string. */
  readonly path: string;
  /** As it was sent. */
  readonly query: string;
}

/** @returns `undefined` if Go could not read it */
export function parseTarget(url: string): Target | undefined {
  const local = url.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?]*/, '');
  const mark = local.indexOf('?');
  const path = mark < 0 ? local : local.slice(0, mark);
  if (malformedEscape(path) !== undefined) return undefined;
  return { path: percentDecode(path), query: mark < 0 ? '' : local.slice(mark + 1) };
}
