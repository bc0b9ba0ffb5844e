import { EtcdOptionsError } from '../errors/index.js';
import { show } from './check.js';

const defaultPort = 2379;

/** `host`, `host:port` or `[IPv6]:port`, perhaps with a path: what the URL parser would bend into shape is no address. */
const bareHost = /^(?:\[[^\]]*\]|[^:/\\[\]]+)(?::(?<port>\d+))?(?:\/.*)?$/;

/** Reads one entry of `hosts`: a URL, or `host:port`. */
export function parseHost(host: unknown, tls: boolean): URL {
  const problem = (text: string) =>
    new EtcdOptionsError('hosts', `${text}; expected e.g. 'http://10.0.0.1:2379' or '10.0.0.1:2379'`);
  const given = typeof host === 'string' ? host.trim() : '';
  if (given === '') throw problem(`${show(host)} is no address`);
  // Before anything of the address is shown: an `@` that the parser takes for a part of a path may belong to a password.
  if (given.includes('@')) throw problem('credentials do not belong into the address but into `auth`');
  if (given.includes(',')) throw problem(`${show(given)} has a comma; give several addresses as a list`);
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(given);
  const bare = bareHost.exec(given);
  const text = hasScheme ? given : `${tls ? 'https' : 'http'}://${given}`;
  if ((!hasScheme && bare === null) || /\s/.test(given) || !URL.canParse(text))
    throw problem(`${show(given)} is no valid address`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw problem(`${show(given)} is neither http: nor https:`);
  if (url.search !== '' || url.hash !== '') {
    // A query may hold a token.
    throw problem(`${show(addressOf(url))} has a query or a fragment`);
  }
  if (tls && url.protocol === 'http:') throw problem(`${show(given)} is http:, but \`tls\` is given`);
  if (!hasScheme && bare?.groups?.['port'] === undefined) url.port = String(defaultPort);
  return url;
}

/** `scheme://host:port` and, where there is one, the path prefix without a slash at its end. */
export function addressOf(url: URL): string {
  return url.origin + pathPrefixOf(url);
}

export function pathPrefixOf(url: URL): string {
  return url.pathname.replace(/\/+$/, '');
}
