import { malformedEscape, percentDecode } from './escapes.js';

/** The target of a request. */
export interface Target {
  /** Decoded: a byte string. */
  readonly path: string;
  /** As it was sent. */
  readonly query: string;
}

// oxlint-disable-next-line no-control-regex -- They are what is looked for.
const control = /[\u0000-\u001f\u007f]/;

/**
 * Reads a target as Go does.
 *
 * @param text as it was sent @returns `undefined` if Go could not read it
 */
export function parseTarget(method: string, text: string): Target | undefined {
  if (control.test(text)) return undefined;
  if (text.startsWith('/')) return split(text);
  if (text === '*') return { path: '*', query: '' };
  return method === 'CONNECT' ? parseAbsolute(`http://${text}`) : parseAbsolute(text);
}

function split(text: string): Target | undefined {
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  if (path.includes('%') && malformedEscape(path) !== undefined) return undefined;
  return { path: percentDecode(path), query: mark < 0 ? '' : text.slice(mark + 1) };
}

/** @param text `scheme://authority/path?query`, or `scheme:anything`, which has no path */
function parseAbsolute(text: string): Target | undefined {
  const scheme = /^[A-Za-z][A-Za-z0-9+\-.]*:/.exec(text)?.[0];
  if (scheme === undefined) return undefined;
  const rest = text.slice(scheme.length);
  const mark = rest.indexOf('?');
  const hierarchy = mark < 0 ? rest : rest.slice(0, mark);
  const query = mark < 0 ? '' : rest.slice(mark);
  if (!hierarchy.startsWith('/')) return split(query);
  if (!hierarchy.startsWith('//')) return split(rest);
  const slash = hierarchy.indexOf('/', 2);
  const authority = hierarchy.slice(2, slash < 0 ? undefined : slash);
  if (!isAuthority(authority)) return undefined;
  return split((slash < 0 ? '' : hierarchy.slice(slash)) + query);
}

const userInfo = /^(?:[A-Za-z0-9\-._:~!$&'()*+,;=@]|%[0-9A-Fa-f]{2})*$/;
const host = /^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:<>"\u0080-\u00ff]|%25|%[89A-Fa-f][0-9A-Fa-f])*$/;
const literal = /^\[(?:[A-Za-z0-9\-_.~!$&'()*+,;=:<>"[\]\u0080-\u00ff]|%[0-9A-Fa-f]{2})*\](?::[0-9]*)?$/;

function isAuthority(text: string): boolean {
  const at = text.lastIndexOf('@');
  if (at >= 0 && !userInfo.test(text.slice(0, at))) return false;
  const name = text.slice(at + 1);
  if (name.startsWith('[')) return literal.test(name);
  const colon = name.lastIndexOf(':');
  return host.test(name) && (colon < 0 || /^[0-9]*$/.test(name.slice(colon + 1)));
}
