/** What is to be answered. All texts are byte strings. */
export interface Answer {
  readonly status: number;
  /** In the order of their names; those of CORS, the date and the length come by themselves. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A long one may come in pieces, which are asked for one after the other, when they can be sent. */
  readonly body: string | Iterable<string>;
  /** Whether the type is for Go to find out, which writes it after the length. */
  readonly sniffed?: boolean;
  /** Whether any origin may read it. @default true */
  readonly origins?: boolean;
  /** Whether the connection ends with it. */
  readonly close?: boolean;
}

export const json = ['Content-Type', 'application/json'] as const;
export const text = ['Content-Type', 'text/plain; charset=utf-8'] as const;
const nosniff = ['X-Content-Type-Options', 'nosniff'] as const;

/** A refusal in words, as Go's HTTP library gives it. */
export function plainError(status: number, message: string, allow?: string): Answer {
  const headers = [text, nosniff] as const;
  const body = `${message}\n`;
  return { status, headers: allow === undefined ? headers : [['Allow', allow], ...headers], body };
}

export const notFound = plainError(404, '404 page not found');

export function methodNotAllowed(allow: string): Answer {
  return plainError(405, 'Method Not Allowed', allow);
}
