import type { EtcdRequest } from './request.js';

const longestQuote = 200;
/** As much of a secret as must not be shown; shorter ones than {@link shortestSecret} stand in any text by chance. */
const beginning = 16;
const shortestSecret = 4;

/** Fields of forms, queries and JSON bodies that hold values, what values are compared with, and passwords. */
const secretFields = /(?:^|[?&]|")(?:value|prevValue|password)(?:=|":")([^&"]*)/g;
const controls = /[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}]/gu;

/**
 * What a server says, as it may stand in a message: short, on one line, without control characters; and nothing at
 * all when it repeats a value, a password or the credentials of the request, as the error pages of some proxies do.
 *
 * @param authorization the header that was sent with the request
 */
export function quote(text: unknown, request: EtcdRequest, authorization?: string): string | undefined {
  if (typeof text !== 'string') return undefined;
  const trimmed = text.trim();
  if (trimmed === '' || /\bbasic\s+\S/i.test(trimmed)) return undefined;
  for (const secret of [...secretsOf(request), ...credentialsIn(authorization)])
    if (trimmed.includes(secret)) return undefined;
  return trimmed
    .slice(0, longestQuote)
    .replace(controls, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** How the secrets of a request begin, as they were sent, as they are meant, and as others may write them. */
function secretsOf({ path, body = '' }: EtcdRequest): string[] {
  return [...path.matchAll(secretFields), ...body.matchAll(secretFields)].flatMap(([, sent = '']) =>
    formsOf(meaning(sent.slice(0, beginning * 9)), sent),
  );
}

/** The password of a header, and what the header is made of. */
function credentialsIn(authorization = ''): string[] {
  const encoded = authorization.slice('Basic '.length);
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  return formsOf(text.slice(text.indexOf(':') + 1), encoded);
}

function formsOf(secret: string, sent: string): string[] {
  // Half a surrogate pair, where the cut has left one, cannot be percent-encoded.
  const start = secret.slice(0, beginning).replace(/\p{Surrogate}/gu, '');
  const encoded = encodeURIComponent(start);
  return [secret, sent, JSON.stringify(start).slice(1, -1), encoded, encoded.replaceAll('%20', '+')]
    .map((form) => form.slice(0, beginning))
    .filter((form) => form.length >= shortestSecret);
}

function meaning(sent: string): string {
  return new URLSearchParams(`=${sent}`).get('') ?? '';
}
