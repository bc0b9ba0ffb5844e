import { EtcdOptionsError } from '../errors/index.js';

/** Parameters of a request by their names in etcd's API; those without a value are left out. */
export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

/** The form encoding of parameters, for a query or a body: `prevExist=false&ttl=5`. */
export function encodeParameters(parameters: Parameters): string {
  let encoded = '';
  for (const name in parameters) {
    const value = parameters[name];
    if (value === undefined) continue;
    if (encoded !== '') encoded += '&';
    encoded += `${name}=${typeof value === 'string' ? encodeText(name, value) : value}`;
  }
  return encoded;
}

/** A path with parameters as its query. */
export function withQuery(path: string, parameters: Parameters): string {
  const query = encodeParameters(parameters);
  return query === '' ? path : `${path}?${query}`;
}

function encodeText(name: string, value: string): string {
  try {
    return encodeURIComponent(value);
  } catch {
    throw new EtcdOptionsError(
      name,
      'it holds half a surrogate pair, which is no text that can be sent; encode binary values, e.g. with the codec `base64`',
    );
  }
}
