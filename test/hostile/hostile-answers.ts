import * as fc from 'fast-check';

import { type Answer, send } from './answer.js';
import { brokenAnswer } from './broken-answers.js';
import { type Operation, operations } from './hostile-operations.js';
import { type Script, type Step } from './hostile-server.js';
import { wholeAnswer } from './whole-answers.js';

/** A hostile answer to one operation. */
export interface HostileCase extends Omit<Answer, 'steps'> {
  readonly operation: Operation;
  readonly script: Script;
}

/** What was sent, in parts: with the credentials, or with the values alone; as it came, or decoded. */
const repetition: Record<string, (request: string) => string> = {
  all: (request) => request,
  'the first line': (request) => request.slice(0, request.indexOf('\r\n')),
  'the first line, decoded': (request) => safeDecode(request.slice(0, request.indexOf('\r\n'))),
  'the body': (request) => request.slice(request.indexOf('\r\n\r\n') + 4),
  'the body, decoded': (request) => safeDecode(request.slice(request.indexOf('\r\n\r\n') + 4)),
};

/** Error pages that repeat what was sent. */
const echo = fc
  .tuple(
    fc.constantFrom('text', 'message', 'cause', 'reason phrase', 'header'),
    fc.constantFrom(...Object.values(repetition)),
    fc.constantFrom(400, 401, 403, 404, 412, 500, 503),
  )
  .map(([place, repeat, code]) => (request: string): readonly Step[] => {
    const said = repeat(request);
    const json =
      place === 'cause' ? { errorCode: 209, message: 'Invalid field', cause: said } : { message: said };
    const text = place === 'text' ? said.replaceAll(/[\r\n]+/g, ' ').slice(-190) : JSON.stringify(json);
    const reason = place === 'reason phrase' ? said.replaceAll(/[\r\n]+/g, ' ') : 'No';
    const header = place === 'header' ? `X-Echo: ${said.replaceAll(/[\r\n]+/g, ' ')}\r\n` : '';
    return [send(`HTTP/1.1 ${code} ${reason}\r\n${header}Content-Length: ${text.length}\r\n\r\n${text}`)];
  });

function safeDecode(text: string): string {
  return text.replaceAll(/%([0-9A-F]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const answerTo = (operation: Operation): fc.Arbitrary<HostileCase> => {
  const answer = fc.oneof(
    { weight: 3, arbitrary: wholeAnswer(operation) },
    { weight: 2, arbitrary: brokenAnswer(operation) },
  );
  const whole = ({ steps, ...rest }: Answer, script: Partial<Script>): HostileCase => ({
    operation,
    ...rest,
    script: { greeting: [], hello: undefined, answer: () => steps, ...script },
  });
  return fc.oneof(
    { weight: 30, arbitrary: answer.map((given) => whole(given, {})) },
    // The same to everybody who asks who it is.
    {
      weight: 4,
      arbitrary: answer.map((given) => ({
        ...whole(given, { hello: () => given.steps }),
        kind: `${given.kind}, to the hello too`,
      })),
    },
    // An answer before the question; what was asked gets a good one.
    {
      weight: 2,
      arbitrary: answer.map((given): HostileCase => {
        const good = `HTTP/1.1 ${operation.status} OK\r\nX-Etcd-Cluster-Id: ab\r\nContent-Length: ${operation.body.length}\r\n\r\n${operation.body}`;
        return {
          operation,
          script: { greeting: given.steps, hello: undefined, answer: () => [send(good)] },
          kind: `${given.kind}, before the question`,
          bodies: [...given.bodies, operation.body, '{"members":[]}'],
          statuses: [...given.statuses, operation.status, 200],
        };
      }),
    },
    {
      weight: 3,
      arbitrary: echo.map((reply): HostileCase => ({
        operation,
        kind: 'an echo',
        bodies: [],
        statuses: [400],
        script: { greeting: [], hello: undefined, answer: reply },
      })),
    },
  );
};

/** One hostile answer to one of the client's operations. */
export const hostileCase: fc.Arbitrary<HostileCase> = fc.constantFrom(...operations).chain(answerTo);
