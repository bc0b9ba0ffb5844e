/** Text on its way from and to URLs, as Go reads and writes it. Everything is a byte string. */

const badEscape = /%(?![0-9a-fA-F]{2})/;
const escape = /%([0-9a-fA-F]{2})/g;
const decodeOne = (_: string, digits: string): string => String.fromCharCode(Number.parseInt(digits, 16));

/** The escape that cannot be decoded, as Go cites it: up to three bytes. */
export function malformedEscape(text: string): string | undefined {
  const position = text.search(badEscape);
  return position < 0 ? undefined : text.slice(position, position + 3);
}

/** Decodes `%xx`, and nothing else. There must be no {@link malformedEscape}. */
export function percentDecode(text: string): string {
  return text.includes('%') ? text.replace(escape, decodeOne) : text;
}

/** A path as it stands in a `Location`. Only those bytes stay as they are that Go takes for harmless in a path. */
export function percentEncodePath(path: string): string {
  return path.replace(
    /[^A-Za-z0-9\-_.~$&+,/:;=@]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** Text in an attribute of HTML. */
export function escapeHtml(text: string): string {
  const names: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&#34;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => names[character] ?? character);
}

const short: Record<string, string> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

/** At most three bytes in double quotes, as Go puts them: bytes that are no UTF-8 are shown by their number. */
export function quote(bytes: string): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  const isUtf8 = Buffer.from(text, 'utf8').toString('latin1') === bytes;
  const escaped = Array.from(bytes, (byte) => {
    const code = byte.charCodeAt(0);
    if (short[byte] !== undefined) return short[byte];
    const shown = code >= 0x20 && code !== 0x7f && (code < 0x80 || isUtf8);
    return shown ? byte : `\\x${code.toString(16).padStart(2, '0')}`;
  });
  return `"${escaped.join('')}"`;
}
