import { EtcdOptionsError } from '../errors/index.js';
import { show } from './check.js';

const defaultPort = 2379;

/** Reads one entry of `hosts`: a URL, or `host:port`. */
export function parseHost(host: unknown, tls: boolean): URL {
  const problem = (text: string) =>
    new EtcdOptionsError('hosts', `${text}; expected e.g. 'http://10.0.0.1:2379' or '10.0.0.1:2379'`);
  if (typeof host !== 'string' || host.trim() === '') throw problem(`${show(host)} is no address`);
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(host);
  const text = hasScheme ? host : `${tls ? 'https' : 'http'}://${host}`;
  if (!URL.canParse(text)) throw problem(`${show(withoutCredentials(host))} is no valid address`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw problem(`${show(host)} is neither http: nor https:`);
  if (url.username !== '' || url.password !== '')
    throw problem('credentials do not belong into the address but into `auth`');
  if (url.search !== '' || url.hash !== '') throw problem(`${show(host)} has a query or a fragment`);
  if (tls && url.protocol === 'http:') throw problem(`${show(host)} is http:, but \`tls\` is given`);
  if (!hasScheme && !/:\d+$/.test(host.split('/', 1)[0] ?? '')) url.port = String(defaultPort);
  return url;
}

/** `scheme://host:port` and, where there is one, the path prefix without a slash at its end. */
export function addressOf(url: URL): string {
  return url.origin + pathPrefixOf(url);
}

export function pathPrefixOf(url: URL): string {
  return url.pathname.replace(/\/+$/, '');
}

function withoutCredentials(host: string): string {
  return host.replace(/\/\/.*@/, '//…@').replace(/^[^/]*@/, '…@');
}
