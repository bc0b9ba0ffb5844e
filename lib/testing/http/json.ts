import { formatTime, type KeysError, type NodeView, type StoreEvent } from '../store/index.js';

/** What may stand in a JSON string as it is, in ASCII. */
const plain = /^[\u0020\u0021\u0023-\u0025\u0027-\u003b\u003d\u003f-\u005b\u005d-\u007f]*$/;

const named: Record<number, string> = {
  0x09: '\\t',
  0x0a: '\\n',
  0x0d: '\\r',
  0x22: '\\"',
  0x5c: '\\\\',
  0x26: '\\u0026',
  0x3c: '\\u003c',
  0x3e: '\\u003e',
};

/**
 * A JSON string as Go writes it (protocol page, 1.7), in quotes. Bytes that are no UTF-8 become `\ufffd`, one by one.
 *
 * @param bytes a byte string, as the result is
 */
export function jsonString(bytes: string): string {
  if (plain.test(bytes)) return `"${bytes}"`;
  const parts: string[] = ['"'];
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes, i);
    parts.push(length === 0 ? '\\ufffd' : escapeCharacter(bytes.slice(i, i + length)));
    i += length || 1;
  }
  parts.push('"');
  return parts.join('');
}

function escapeCharacter(character: string): string {
  if (character === '\u00e2\u0080\u00a8') return '\\u2028';
  if (character === '\u00e2\u0080\u00a9') return '\\u2029';
  const code = character.charCodeAt(0);
  return named[code] ?? (code < 0x20 ? `\\u${code.toString(16).padStart(4, '0')}` : character);
}

/** How many bytes the character at `start` takes; 0 if it is not UTF-8: too long a form, a surrogate, cut off. */
function sequenceLength(bytes: string, start: number): number {
  const first = bytes.charCodeAt(start);
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  let lowest = 0x80;
  let highest = 0xbf;
  if (first === 0xe0) lowest = 0xa0;
  if (first === 0xed) highest = 0x9f;
  if (first === 0xf0) lowest = 0x90;
  if (first === 0xf4) highest = 0x8f;
  for (let i = 1; i < length; i++) {
    const next = bytes.charCodeAt(start + i);
    // The comparison is false for the `NaN` past the end.
    if (!(next >= lowest && next <= highest)) return 0;
    lowest = 0x80;
    highest = 0xbf;
  }
  return length;
}

function nodeJson(node: NodeView): string {
  const { nodes } = node;
  if (nodes === undefined) return nodeStart(node) + nodeEnd(node);
  return `${nodeStart(node)},"nodes":[${nodes.map(nodeJson).join(',')}]${nodeEnd(node)}`;
}

/** The fields that come before the children. */
function nodeStart({ key, value, dir, expiration, ttl }: NodeView): string {
  // The root has no key, but it is a directory.
  if (key === '/') return '{"dir":true';
  let text = `{"key":${jsonString(key)}`;
  if (value !== undefined) text += `,"value":${jsonString(value)}`;
  if (dir) text += ',"dir":true';
  if (expiration !== undefined) text += `,"expiration":"${formatTime(expiration)}"`;
  return ttl ? `${text},"ttl":${ttl}` : text;
}

/** The fields that come after the children. */
function nodeEnd({ modifiedIndex, createdIndex }: NodeView): string {
  const modified = modifiedIndex > 0 ? `,"modifiedIndex":${modifiedIndex}` : '';
  return createdIndex > 0 ? `${modified},"createdIndex":${createdIndex}}` : `${modified}}`;
}

function formatEvent({ action, node, prevNode }: StoreEvent): string {
  const previous = prevNode === undefined ? '' : `,"prevNode":${nodeJson(prevNode)}`;
  return `{"action":"${action}","node":${nodeJson(node)}${previous}}\n`;
}

const written = new WeakMap<StoreEvent, string>();

/** An event as watches show it. It is written once, however many watchers there are. */
export function eventJson(event: StoreEvent): string {
  // Nobody watches reads.
  if (event.action === 'get') return formatEvent(event);
  let text = written.get(event);
  if (text === undefined) {
    text = formatEvent(event);
    written.set(event, text);
  }
  return text;
}

/** An event as who has asked for it is answered: a long listing in pieces. */
export function eventBody(event: StoreEvent): string | Iterable<string> {
  if (event.node.nodes === undefined) return formatEvent(event);
  const pieces = listingPieces(event);
  const first = pieces.next();
  if (first.done === true) return '';
  const second = pieces.next();
  return second.done === true ? first.value : concat([first.value, second.value], pieces);
}

function* concat(first: readonly string[], rest: Iterable<string>): Generator<string> {
  yield* first;
  yield* rest;
}

/** How long a piece of a listing is, in characters: as much as can be written within a millisecond. */
const pieceLength = 65_536;

/** A listing of any depth, in pieces. */
function* listingPieces({ action, node }: StoreEvent): Generator<string> {
  let text = `{"action":"${action}","node":${nodeStart(node)}`;
  const open = [{ node, next: 0 }];
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    const child = level.node.nodes?.[level.next];
    if (child !== undefined) {
      text += (level.next++ === 0 ? ',"nodes":[' : ',') + nodeStart(child);
      if (child.nodes === undefined) text += nodeEnd(child);
      else open.push({ node: child, next: 0 });
    } else {
      text += (level.next === 0 ? '' : ']') + nodeEnd(level.node);
      open.pop();
    }
    if (text.length >= pieceLength) {
      yield text;
      text = '';
    }
  }
  yield `${text}}\n`;
}

export function errorJson({ errorCode, message, reason, index }: KeysError): string {
  const cause = reason === '' ? '' : `,"cause":${jsonString(reason)}`;
  return `{"errorCode":${errorCode},"message":"${message}"${cause},"index":${index}}\n`;
}

/** The refusals of everything but the keys. @param message a byte string */
export function messageJson(message: string): string {
  return `{"message":${jsonString(message)}}`;
}
