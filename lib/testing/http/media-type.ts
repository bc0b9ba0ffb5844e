/** What Go makes of a `Content-Type`. */
export interface MediaType {
  /** In lower case; empty if there is none. */
  readonly type: string;
  /** What is wrong with it, in Go's words. Wrong parameters leave the type as it is. */
  readonly problem?: string;
}

const token = /^[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+/;

export function parseMediaType(header: string): MediaType {
  const end = header.indexOf(';');
  const type = trim(end < 0 ? header : header.slice(0, end)).toLowerCase();
  const problem = typeProblem(type);
  if (problem !== undefined) return { type: '', problem };
  if (end < 0) return { type };
  const wrong = parametersProblem(header.slice(end));
  if (wrong === undefined) return { type };
  // A parameter that is there twice spoils the whole; one that cannot be read does not.
  return { type: wrong === duplicate ? '' : type, problem: wrong };
}

const duplicate = 'mime: duplicate parameter name';

function typeProblem(type: string): string | undefined {
  if (type === '') return 'mime: no media type';
  const main = token.exec(type)?.[0] ?? '';
  if (main === '') return 'mime: no media type';
  if (type === main) return undefined;
  const rest = type.slice(main.length);
  if (!rest.startsWith('/')) return 'mime: expected slash after first token';
  const sub = token.exec(rest.slice(1))?.[0] ?? '';
  if (sub === '') return 'mime: expected token after slash';
  return rest.length > 1 + sub.length ? 'mime: unexpected content after media subtype' : undefined;
}

/** @param text `;name=value;…` */
function parametersProblem(text: string): string | undefined {
  const names = new Set<string>();
  let rest = text;
  for (;;) {
    rest = rest.replace(/^[ \t\r\n]+/, '');
    if (rest === '' || trim(rest) === ';') return undefined;
    const parameter =
      /^;[ \t\r\n]*([!#$%&'*+\-.^_`{|}~0-9A-Za-z]+)[ \t\r\n]*=[ \t\r\n]*(?:"(?:[^"\\\r\n]|\\.)*"|[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+)/.exec(
        rest,
      );
    if (parameter === null) return 'mime: invalid media parameter';
    const name = (parameter[1] ?? '').toLowerCase();
    if (names.has(name)) return duplicate;
    names.add(name);
    rest = rest.slice(parameter[0].length);
  }
}

function trim(text: string): string {
  return text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
}
