/** Numbers that look random and are the same for the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 and below `limit`. */
  roll(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  pick<T>(all: readonly T[]): T {
    return all[this.roll(all.length)] as T;
  }
}

/** What a bad client does on a connection of its own. */
export interface HostileCase {
  /** Byte strings, which are sent one after the other. */
  readonly writes: readonly string[];
  /** Whether it then ends its side and reads, just goes away, or says nothing more until it is tired of waiting. */
  readonly end: 'finish' | 'vanish' | 'wait';
}

const form = 'Content-Type: application/x-www-form-urlencoded';
const put = (headers: string, body: string): string =>
  `PUT /v2/keys/hostile HTTP/1.1\r\nHost: x\r\n${form}\r\n${headers}\r\n\r\n${body}`;

const requests = [
  'GET /version HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /v2/keys/hostile?recursive=true&sorted=true HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n',
  'GET http://x/v2/keys/%41?quorum=false HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n',
  'HEAD /v2/keys/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /v2/keys/hostile?wait=true HTTP/1.1\r\nHost: x\r\n\r\n',
  'DELETE /v2/keys/hostile?prevValue=x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc',
  put('Content-Length: 13', 'value=a%20b&c'),
  put('Content-Length: 7\r\nExpect: 100-continue', 'value=1'),
  put('Transfer-Encoding: chunked', '3\r\nval\r\n4;x=y\r\nue=2\r\n0\r\nTrailer: x\r\n\r\n'),
  'PUT /v2/auth/users/x HTTP/1.1\r\nHost: x\r\nContent-Length: 31\r\n\r\n{"user":"root","password":"pw"}',
];

const insertions = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  '\t',
  '\u0000',
  '\u00ff',
  '%',
  '%zz',
  ':',
  ';',
  '?',
  '//',
  '/../',
  ',',
  '"',
  '0',
  '9'.repeat(30),
  '\r\nContent-Length: 5',
  '\r\nTransfer-Encoding: chunked',
  '\r\nHost: y',
  '\r\nExpect: x',
  '\r\nConnection: close',
  ' HTTP/1.1\r\n',
  'x'.repeat(5_000),
];

/** The case of a number: the same one for the same seed. */
export function hostileCase(seed: number, number: number): HostileCase {
  const dice = new Dice(seed * 1_000_003 + number);
  const end = dice.pick(['finish', 'finish', 'finish', 'finish', 'vanish', 'wait'] as const);
  const kind = dice.roll(100);
  // What has megabytes is rare, so that thousands of cases take seconds.
  if (kind === 0) return { writes: endless(dice), end: 'wait' };
  if (kind < 4) return { writes: [noise(dice, dice.roll(3_000))], end };
  if (kind < 8) return { writes: Array.from(mutated(dice)), end };
  const bytes = Array.from({ length: dice.pick([1, 1, 1, 2, 5]) }, () => mutated(dice)).join('');
  return { writes: kind < 80 ? [bytes] : pieces(dice, bytes), end };
}

/** Something that goes on and on: a line, headers, a body, chunks, line ends. */
function endless(dice: Dice): string[] {
  const [start, more] = dice.pick([
    ['GET /version HTTP/1.1\r\nHost: x\r\nfoo: ', 'x'],
    ['GET /version HTTP/1.1\r\nHost: x\r\n', 'foo: bar\r\n'],
    ['GET /version?', 'y'],
    [put('Content-Length: 9007199254740993', ''), 'z'],
    [put('Transfer-Encoding: chunked', ''), '7\r\nvalue=1\r\n'],
    [put('Transfer-Encoding: chunked', '0\r\n'), 'foo: bar\r\n'],
    ['', '\r\n'],
    ['', 'GET /v2/keys?wait=true HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['', 'GET /version HTTP/1.1\r\nHost: x\r\n\r\n'],
  ] as const);
  const piece = more.repeat(Math.ceil(65_536 / more.length));
  return [start, ...Array.from({ length: 24 }, () => piece)];
}

function noise(dice: Dice, length: number): string {
  return Array.from({ length }, () => String.fromCharCode(dice.roll(256))).join('');
}

/** A good request, made worse at up to three places. */
function mutated(dice: Dice): string {
  let bytes = dice.pick(requests);
  for (let left = dice.roll(4); left > 0; left--) {
    const at = dice.roll(bytes.length + 1);
    const length = dice.pick([0, 0, 1, 1, 2, 7, 30]);
    const inserted = dice.pick(['', dice.pick(insertions), noise(dice, 1 + dice.roll(3))]);
    bytes = bytes.slice(0, at) + inserted + bytes.slice(at + length);
  }
  return dice.roll(5) === 0 ? bytes.slice(0, dice.roll(bytes.length + 1)) : bytes;
}

function pieces(dice: Dice, bytes: string): string[] {
  const all: string[] = [];
  for (let at = 0; at < bytes.length && all.length < 40;) {
    const length = all.length === 39 ? bytes.length : 1 + dice.roll(dice.pick([1, 10, 100]));
    all.push(bytes.slice(at, at + length));
    at += length;
  }
  return all;
}
