import * as fc from 'fast-check';

import { type Answer, send, sendBytes } from './answer.js';
import { deepNesting, hostileBody } from './hostile-bodies.js';
import { type Operation } from './hostile-operations.js';
import { type Step } from './hostile-server.js';

const status = (good: number) =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant(good) },
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        200,
        201,
        202,
        204,
        206,
        226,
        299,
        300,
        301,
        304,
        307,
        400,
        401,
        403,
        404,
        405,
        409,
        410,
        412,
        413,
        418,
        421,
        429,
        431,
        500,
        501,
        502,
        503,
        504,
        599,
        600,
        999,
      ),
    },
  );

const hostileHeaders = fc.array(
  fc.oneof(
    fc.constantFrom('ab', 'cd', '', '0', '__proto__', 'ab, cd').map((id) => `X-Etcd-Cluster-Id: ${id}`),
    fc
      .tuple(
        fc.constantFrom('X-Etcd-Index', 'x-raft-INDEX', 'X-Raft-Term'),
        fc.constantFrom(
          '7',
          '0',
          '-1',
          '1e3',
          '1e999',
          'NaN',
          '',
          '0x10',
          '9007199254740993',
          '9007199254740991',
          '7, 8',
          '７',
        ),
      )
      .map(([name, number]) => `${name}: ${number}`),
    fc.constantFrom(
      'Location: http://127.0.0.1:1/v2/keys/a',
      'Location: ',
      'Set-Cookie: a=b',
      'Content-Encoding: gzip',
      'Content-Type: text/html',
      'Retry-After: 99999',
      'Strict-Transport-Security: max-age=1',
      'X: ü',
    ),
  ),
  { maxLength: 4 },
);

/** A whole answer in the ways HTTP frames one. */
export const wholeAnswer = ({ body: good, status: goodStatus }: Operation): fc.Arbitrary<Answer> =>
  fc
    .record({
      content: fc.oneof(
        { weight: 80, arbitrary: hostileBody(good) },
        { weight: 1, arbitrary: deepNesting.map((text) => Buffer.from(text)) },
      ),
      code: status(goodStatus),
      headers: hostileHeaders,
      reason: fc.constantFrom('OK', '', 'ü\u0001', 'x'.repeat(3_000), 'HTTP/1.1 500'),
      framing: fc.constantFrom(
        'length',
        'length',
        'length',
        'chunks',
        'chunks',
        'close',
        'twice',
        'trailing',
        'interim',
      ),
      cut: fc.nat({ max: 200 }),
    })
    .map(({ content, code, headers, reason, framing, cut }) => {
      const head = (rest: string) =>
        Buffer.from(`HTTP/1.1 ${code} ${reason}\r\n${[...headers, rest].join('\r\n')}\r\n\r\n`, 'latin1');
      const byLength = Buffer.concat([head(`Content-Length: ${content.length}`), content]);
      const chunk = (part: Buffer) =>
        Buffer.concat([Buffer.from(`${part.length.toString(16)};x=y\r\n`), part, Buffer.from('\r\n')]);
      const chunks = [content.subarray(0, cut), content.subarray(cut)]
        .filter((part) => part.length > 0)
        .map(chunk);
      const steps: Record<typeof framing, readonly Step[]> = {
        length: [sendBytes(byLength)],
        chunks: [
          sendBytes(
            head('Transfer-Encoding: chunked'),
            ...chunks,
            Buffer.from('0\r\nX-Etcd-Index: 99\r\n\r\n'),
          ),
        ],
        close: [sendBytes(head('Connection: close'), content), { do: 'end' }],
        twice: [sendBytes(byLength, byLength)],
        trailing: [sendBytes(byLength, Buffer.from('\r\n\0trailing garbage'))],
        interim: [send('HTTP/1.1 103 Early\r\nLink: </>\r\n\r\n'.repeat(cut)), sendBytes(byLength)],
      };
      return {
        kind: `whole, by ${framing}`,
        steps: steps[framing],
        bodies: [content.toString()],
        statuses: [code],
      };
    });
