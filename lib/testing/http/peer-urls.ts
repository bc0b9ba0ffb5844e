/** What is wrong with a request about members: its status and message. */
export class MembersError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'MembersError';
  }
}

const onlyType = 'application/json';

/**
 * Reads the addresses of a member, as strictly as etcd does (protocol page, 4.1).
 *
 * @param body a byte string
 * @returns sorted
 * @throws {MembersError}
 */
export function readPeerURLs(contentType: string | undefined, body: string): string[] {
  checkType(contentType ?? '');
  const urls = peerURLsOf(parse(body)).map((url) => url.trim());
  if (urls.length === 0) throw new MembersError(400, 'no valid URLs given');
  for (const url of urls) checkURL(url);
  return urls.sort();
}

function checkType(given: string): void {
  const semicolon = given.indexOf(';');
  const type = semicolon < 0 ? given : given.slice(0, semicolon).trim().toLowerCase();
  if (type !== onlyType) throw new MembersError(415, `Bad Content-Type ${type}, accept ${onlyType}`);
}

function parse(body: string): unknown {
  if (body.trim() === '') throw new MembersError(400, 'unexpected end of JSON input');
  try {
    return JSON.parse(Buffer.from(body, 'latin1').toString('utf8'));
  } catch {
    throw new MembersError(400, syntaxProblem(body));
  }
}

/** In the words of Go's decoder, for the mistakes that are made: no JSON at all, a name without quotes, a cut. */
function syntaxProblem(body: string): string {
  const text = body.trimStart();
  const first = text.charAt(0);
  if (!'{["-0123456789tfn'.includes(first))
    return `invalid character '${first}' looking for beginning of value`;
  const inObject = /^\{\s*([^"\s}])/.exec(text)?.[1];
  return inObject === undefined
    ? 'unexpected end of JSON input'
    : `invalid character '${inObject}' looking for beginning of object key string`;
}

function peerURLsOf(value: unknown): string[] {
  if (value === null) return [];
  if (typeof value !== 'object' || Array.isArray(value))
    throw new MembersError(
      400,
      `json: cannot unmarshal ${goKind(value)} into Go value of type struct { PeerURLs []string "json:\\"peerURLs\\"" }`,
    );
  const field = Object.entries(value).find(([name]) => name.toLowerCase() === 'peerurls')?.[1] as unknown;
  if (field === undefined || field === null) return [];
  if (!Array.isArray(field))
    throw new MembersError(
      400,
      `json: cannot unmarshal ${goKind(field)} into Go struct field .peerURLs of type []string`,
    );
  return field.map((each: unknown) => {
    if (typeof each === 'string') return Buffer.from(each, 'utf8').toString('latin1');
    throw new MembersError(
      400,
      `json: cannot unmarshal ${goKind(each)} into Go struct field .peerURLs of type string`,
    );
  });
}

function goKind(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? 'array' : typeof value;
}

function checkURL(url: string): void {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(url) ?? [];
  if (!['http', 'https', 'unix', 'unixs'].includes(scheme.toLowerCase()))
    throw new MembersError(400, `URL scheme must be http, https, unix, or unixs: ${url}`);
  const slash = rest.indexOf('/');
  const host = slash < 0 ? rest : rest.slice(0, slash);
  if (!/^.*:[^:]*$/.test(host))
    throw new MembersError(400, `URL address does not have the form "host:port": ${url}`);
  if (slash >= 0) throw new MembersError(400, `URL must not contain a path: ${url}`);
}
