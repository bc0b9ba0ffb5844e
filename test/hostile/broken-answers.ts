import * as fc from 'fast-check';

import { type Answer, send, sendBytes } from './answer.js';
import { type Operation } from './hostile-operations.js';
import { type Step } from './hostile-server.js';

/** Answers that are none, or not whole. */
export const brokenAnswer = ({ body: good, status: code }: Operation): fc.Arbitrary<Answer> => {
  const head = (rest: string) => `HTTP/1.1 ${code} OK\r\nX-Etcd-Cluster-Id: ab\r\n${rest}\r\n\r\n`;
  const { length } = Buffer.from(good);
  const whole = `${head(`Content-Length: ${length}`)}${good}`;
  const none = (kind: string, ...steps: Step[]): Answer => ({ kind, steps, bodies: [], statuses: [] });
  const begun = (kind: string, ...steps: Step[]): Answer => ({ kind, steps, bodies: [], statuses: [code] });
  const end: Step = { do: 'end' };
  const fixed: Answer[] = [
    none('silence'),
    none('the end at once', end),
    none('a reset at once', { do: 'reset' }),
    none('headers without an end', { do: 'flood', bytes: Buffer.from('X-Flood: y\r\n'.repeat(50)), ms: 0 }),
    none('one header after the other', send(`HTTP/1.1 ${code} OK\r\n`), {
      do: 'flood',
      bytes: Buffer.from('X-Slow: y\r\n'),
      ms: 10,
    }),
    none('too many headers', send(`HTTP/1.1 ${code} OK\r\n${'X-Flood: y\r\n'.repeat(5_000)}\r\n`)),
    none('interim answers without an end', {
      do: 'flood',
      bytes: Buffer.from('HTTP/1.1 102 Wait\r\n\r\n'.repeat(20)),
      ms: 5,
    }),
    none('Continue', send('HTTP/1.1 100 Continue\r\n\r\n'), send(whole)),
    none(
      'another protocol',
      send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n'),
    ),
    none('HTTP/2', { do: 'send', bytes: Buffer.from('000012040000000000000300000064', 'hex') }),
    none('TLS', { do: 'send', bytes: Buffer.from('15030100020228', 'hex') }),
    none('SSH', send('SSH-2.0-OpenSSH_9.2\r\n')),
    none('no status line', send(good)),
    none('a status of two digits', send(whole.replace(/ \d+ /, ' 20 '))),
    none('the status 000', send(whole.replace(/ \d+ /, ' 000 '))),
    none('line feeds alone', send(whole.replaceAll('\r\n', '\n'))),
    none('a NUL in a header', send(whole.replace('X-Etcd', 'X-Et\0cd'))),
    begun('an endless body', send(head('Transfer-Encoding: chunked')), {
      do: 'flood',
      bytes: Buffer.from(`10000\r\n${'x'.repeat(65_536)}\r\n`),
      ms: 0,
    }),
    begun('an endless body up to the end of the connection', send(head('Connection: close')), {
      do: 'flood',
      bytes: Buffer.alloc(65_536, '{"'),
      ms: 0,
    }),
    begun('a body of a gigabyte', send(head('Content-Length: 1000000000')), {
      do: 'flood',
      bytes: Buffer.alloc(65_536, ' '),
      ms: 0,
    }),
    begun('a body that trickles', send(head('Transfer-Encoding: chunked')), {
      do: 'flood',
      bytes: Buffer.from('1\r\n{\r\n'),
      ms: 15,
    }),
    begun('a body that is never sent', send(head(`Content-Length: ${length}`))),
    begun('a length beyond the body', send(head(`Content-Length: ${length + 9}`)), send(good), end),
    begun('two lengths', send(`${head(`Content-Length: 0\r\nContent-Length: ${length}`)}${good}`)),
    begun('a negative length', send(`${head('Content-Length: -5')}${good}`)),
    begun('a length beyond all numbers', send(`${head(`Content-Length: ${'9'.repeat(40)}`)}${good}`)),
    begun(
      'a length and chunks',
      send(`${head(`Content-Length: ${length}\r\nTransfer-Encoding: chunked`)}${good}`),
    ),
    begun('a chunk size that is none', send(`${head('Transfer-Encoding: chunked')}xyz\r\n${good}\r\n`)),
    begun(
      'a chunk size beyond all numbers',
      send(`${head('Transfer-Encoding: chunked')}${'f'.repeat(40)}\r\n${good}`),
    ),
    begun('chunks without the last one', send(`${head('Transfer-Encoding: chunked')}1\r\n{\r\n`), end),
    begun('an endless chunk extension', send(`${head('Transfer-Encoding: chunked')}1`), {
      do: 'flood',
      bytes: Buffer.from(';x=y'.repeat(99)),
      ms: 5,
    }),
    begun('a reset in the body', send(head(`Content-Length: ${length + 1}`)), send(good), { do: 'reset' }),
  ];
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...fixed) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.nat({ max: whole.length - 1 }),
          fc.constantFrom<Step>(end, { do: 'reset' }, { do: 'wait', ms: 0 }),
        )
        .map(([cut, last]) => begun('cut short', send(whole.slice(0, cut)), last)),
    },
    {
      weight: 1,
      arbitrary: fc
        .uint8Array({ minLength: 1, maxLength: 200 })
        .map((bytes) => none('garbage', { do: 'send', bytes: Buffer.from(bytes) })),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(1, 3, 8).map((ms): Answer => ({
        kind: `whole, ${ms} ms a byte`,
        steps: [{ do: 'trickle', bytes: Buffer.from(whole), ms }],
        bodies: [good],
        statuses: [code],
      })),
    },
    {
      weight: 1,
      arbitrary: fc.nat({ max: good.length }).map((short) => ({
        kind: 'a length short of the body',
        steps: [sendBytes(Buffer.from(`${head(`Content-Length: ${short}`)}${good}`))],
        bodies: [good.slice(0, short)],
        statuses: [code],
      })),
    },
  );
};
