import { describe, expect, it } from '@jest/globals';
import { AnswerParser, HttpSyntaxError } from './answer-parser.js';

/** What an answer was read as. */
interface Read {
  status: number;
  headers: Record<string, string>;
  body: string;
  isComplete: boolean;
}

const nothing = (): Read => ({ status: 0, headers: {}, body: '', isComplete: false });

/** Reads the parts into one memory, as a connection does, so that nothing that is kept of it stays right. */
function parse(parts: readonly Buffer[], { ends = false } = {}): Read {
  const read = nothing();
  const parser = new AnswerParser({
    onHeaders: (status, headers) => {
      read.status = status;
      for (let i = 0; i + 1 < headers.length; i += 2)
        read.headers[String(headers[i]).toLowerCase()] = String(headers[i + 1]);
    },
    onData: (chunk) => (read.body += chunk.toString('latin1')),
    onComplete: () => (read.isComplete = true),
  });
  const memory = Buffer.alloc(Math.max(1, ...parts.map(({ length }) => length)));
  for (const part of parts) {
    part.copy(memory);
    parser.read(memory.subarray(0, part.length));
    memory.fill('#');
  }
  if (ends) parser.end();
  return read;
}

const head = 'HTTP/1.1 200 OK\r\nX-Etcd-Index: 7\r\n';
const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`;

/** Splits a text in two at each place, and into single bytes. */
function splits(text: string): Buffer[][] {
  const bytes = Buffer.from(text, 'latin1');
  const pairs = Array.from({ length: bytes.length }, (_, i) => [bytes.subarray(0, i), bytes.subarray(i)]);
  return [...pairs, [...bytes].map((byte) => Buffer.of(byte))];
}

describe('AnswerParser', () => {
  it.each<[string, string, string]>([
    ['of known length', `${head}Content-Length: 5\r\n\r\nhello`, 'hello'],
    ['that is empty', `${head}content-length:0\r\n\r\n`, ''],
    ['with the same length twice', `${head}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 'hello'],
    ['in chunks', `${chunked}3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n`, 'hello'],
    ['in one chunk of two digits', `${chunked}1A\r\n${'x'.repeat(26)}\r\n0\r\n\r\n`, 'x'.repeat(26)],
    ['in chunks that hold line ends', `${chunked}4\r\n\r\n\r\n\r\n0\r\n\r\n`, '\r\n\r\n'],
    ['in chunks with extensions and trailers', `${chunked}2 ;a="b"\r\nhi\r\n00\r\nX-A: b\r\n\r\n`, 'hi'],
    [
      'behind interim answers',
      `HTTP/1.1 103 Hints\r\nX-Etcd-Index: 3\r\n\r\n${chunked}1\r\na\r\n0\r\n\r\n`,
      'a',
    ],
    ['without a reason', 'HTTP/1.1 200\r\nX-Etcd-Index: \t 7 \r\nContent-Length: 1\r\n\r\na', 'a'],
  ])('reads a body %s, however it is cut', (_, text, body) => {
    for (const parts of splits(text)) {
      expect(parse(parts)).toMatchObject({
        status: 200,
        headers: { 'x-etcd-index': '7' },
        body,
        isComplete: true,
      });
    }
  });

  it('reads no body where there is none', () => {
    for (const status of [204, 304])
      expect(
        parse([Buffer.from(`HTTP/1.1 ${status} No\r\nTransfer-Encoding: chunked\r\n\r\n`)]),
      ).toMatchObject({
        status,
        isComplete: true,
      });
  });

  it('takes the end of the connection for that of a body without a length, and for nothing else', () => {
    const rest = [Buffer.from(`${head}\r\nhello`)];
    expect(parse(rest)).toMatchObject({ body: 'hello', isComplete: false });
    expect(parse(rest, { ends: true })).toMatchObject({ body: 'hello', isComplete: true });
    for (const text of ['', head, `${head}Content-Length: 5\r\n\r\nhell`, `${chunked}5\r\nhello\r\n`])
      expect(parse([Buffer.from(text)], { ends: true }).isComplete).toBe(false);
  });

  it.each<[string, string]>([
    ['no status line', 'garbage\r\n\r\n'],
    ['another protocol', 'HTTP/2 200\r\n\r\n'],
    ['a status that is none', 'HTTP/1.1 000 No\r\n\r\n'],
    ['a protocol change', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n'],
    ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
    ['a bare CR in a header', `${head}X: a\rb\r\nContent-Length: 0\r\n\r\n`],
    ['a header without a name', `${head}: secret\r\n\r\n`],
    ['a space before the colon', `${head}Content-Length : 0\r\n\r\n`],
    ['a folded header', `${head}X: a\r\n b\r\n\r\n`],
    ['two lengths', `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`],
    ['a negative length', `${head}Content-Length: -5\r\n\r\nsecret`],
    ['a length beside chunks', `${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['another encoding', `${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['a bad size', `${chunked}secret\r\n`],
    ['a negative size', `${chunked}-1\r\n`],
    ['a size beyond all measure', `${chunked}FFFFFFFFFFFFFF\r\n`],
    ['a chunk that is longer than it says', `${chunked}2\r\nsecret\r\n`],
    ['a bad trailer', `${chunked}0\r\nsecret\r\n\r\n`],
    ['an endless head', `HTTP/1.1 200 OK\r\n${'X-Flood: secret\r\n'.repeat(2_000)}`],
    ['an endless line', `HTTP/1.1 200 ${'secret'.repeat(4_000)}`],
    ['an endless size', `${chunked}${'0'.repeat(20_000)}`],
    ['endless trailers', `${chunked}0\r\n${'X-Flood: secret\r\n'.repeat(2_000)}`],
  ])('refuses %s, however it is cut, and repeats none of it', (_, text) => {
    const cuts = text.length > 1_000 ? [[Buffer.from(text)]] : splits(text);
    for (const parts of cuts) {
      let error: unknown;
      try {
        parse(parts);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(HttpSyntaxError);
      expect((error as Error).message).not.toMatch(/secret/);
    }
  });

  it('tells nothing more once it is stopped, not even of the memory that it is just reading', () => {
    const told: string[] = [];
    const parser = new AnswerParser({
      onHeaders: () => told.push('headers'),
      onData: (chunk) => {
        told.push(String(chunk));
        parser.stop();
      },
      onComplete: () => told.push('complete'),
    });
    parser.read(Buffer.from(`${chunked}1\r\na\r\n1\r\nb\r\n0\r\n\r\n`));
    parser.read(Buffer.from('1\r\nc\r\n'));
    expect(told).toEqual(['headers', 'a']);
  });
});
