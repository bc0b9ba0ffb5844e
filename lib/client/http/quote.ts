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
 */
export function quote(text: unknown, request: EtcdRequest): string | undefined {
  if (typeof text !== 'string') return undefined;
  const trimmed = text.trim();
  if (trimmed === '' || /\bbasic\s+\S/i.test(trimmed)) return undefined;
  for (const secret of secretsOf(request)) if (trimmed.includes(secret)) return undefined;
  return trimmed
    .slice(0, longestQuote)
    .replace(controls, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** How the secrets of a request begin, as they were sent and as they are meant. */
function secretsOf({ path, body = '' }: EtcdRequest): string[] {
  return [...path.matchAll(secretFields), ...body.matchAll(secretFields)]
    .flatMap(([, sent = '']) => [
      sent.slice(0, beginning),
      meaning(sent.slice(0, beginning * 9)).slice(0, beginning),
    ])
    .filter((secret) => secret.length >= shortestSecret);
}

function meaning(sent: string): string {
  return new URLSearchParams(`=${sent}`).get('') ?? '';
}
