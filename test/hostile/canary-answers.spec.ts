import { describe, expect, it } from '@jest/globals';
import { HttpStub, jsonResponse, RESET, type StubReply, type StubRequest } from '../support/http-stub.js';
import { auth, canaries, CanaryWitness, tellsSecret } from './canary.js';

const { value, guess, written, password } = canaries;
const members = jsonResponse(200, { members: [] });
const header = `Basic ${Buffer.from(`${auth.username}:${password}`).toString('base64')}`;

/** The secrets that a server is told by a request, each as it is meant. */
function secretsIn({ path, body, headers }: StubRequest): string[] {
  const form = [...new URLSearchParams(path.split('?', 2)[1]), ...new URLSearchParams(body)];
  const own = form.filter(([name]) => /^(prevV|v)alue$/.test(name)).map(([, secret]) => secret);
  const user = body.startsWith('{') ? (JSON.parse(body) as { password?: string }).password : undefined;
  const sent =
    headers['authorization'] === undefined ? [] : [password, header, header.slice('Basic '.length)];
  return [...own, ...(user === undefined ? [] : [user]), ...sent];
}

/** How a secret may be written in what tells it back. */
const manners: readonly ((secret: string) => string)[] = [
  String,
  encodeURIComponent,
  (secret) => JSON.stringify(secret),
  (secret) => String(new URLSearchParams({ secret })),
  (secret) => secret.slice(0, 40),
];

const plain = (status: number, body: string, more = ''): string =>
  `HTTP/1.1 ${status} X\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

const replies: readonly [string, (secret: string) => StubReply][] = [
  ['as etcd’s message', (text) => jsonResponse(400, { errorCode: 209, message: text, cause: text })],
  ['as etcd’s cause', (text) => jsonResponse(500, { errorCode: 300, message: 'Raft', cause: `[${text}]` })],
  ['in a comparison', (text) => jsonResponse(412, { errorCode: 101, message: 'Compare failed', cause: `[${text} != ${value}]` })], // prettier-ignore
  ['as a refusal without a number', (text) => jsonResponse(403, { message: `no: ${text}` })],
  ['as plain text', (text) => plain(502, `bad gateway: ${text}`)],
  ['as a page', (text) => plain(500, `<html>${text}</html>`)],
  ['as garbage with a good status', (text) => plain(200, `${text}{`)],
  ['in JSON of another shape', (text) => jsonResponse(200, { action: text, node: { key: 5, value: text } })],
  ['as a number that is none', (text) => jsonResponse(200, { action: 'get', node: { key: '/k', value, modifiedIndex: text, createdIndex: 1 } })], // prettier-ignore
  [
    'in an address',
    (text) => plain(307, '', `Location: http://${encodeURIComponent(text)}@decoy.test/x\r\n`),
  ],
  ['in a status line', (text) => `HTTP/1.1 ${text}\r\n\r\n`],
  ['in a header that is none', (text) => `HTTP/1.1 200 OK\r\n${text}\r\n\r\n`],
  ['in half an answer', (text) => cut(`HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"node":{"value":"${text}`)], // prettier-ignore
  ['in half a refusal', (text) => cut(`HTTP/1.1 400 X\r\nContent-Length: 999\r\n\r\n{"message":"${text}`)],
  ['in a chunk that is none', (text) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${text}\r\n`],
  ['as the id of the cluster', (text) => jsonResponse(200, {}, { 'X-Etcd-Cluster-Id': text.replace(/[^\x20-\x7e]/g, '') })], // prettier-ignore
];

async function* cut(text: string) {
  yield text;
  yield RESET;
}

describe('A server that tells secrets back', () => {
  it.each(replies)('%s, finds no one to repeat them', async (_, reply) => {
    let turn = 0;
    const told: string[] = [];
    await using stub = await HttpStub.start((request) => {
      if (request.path === '/v2/members') return members;
      const secrets = secretsIn(request);
      const manner = manners[turn++ % manners.length] ?? String;
      const secret = manner(secrets[turn % secrets.length] ?? 'nothing');
      told.push(secret);
      return reply(secret);
    });
    await using witness = new CanaryWitness();
    let failures = 0;
    for (let round = 0; round < 12; round++) {
      const etcd = witness.client({ hosts: stub.url, auth, timeout: 120, tryTimeout: 60 });
      const calls = [
        etcd.set('/k', written),
        etcd.compareAndSwap('/k', written, { prevValue: guess }),
        etcd.compareAndDelete('/k', { prevValue: guess }),
        etcd.users.create('u', canaries.passphrase),
        etcd.get('/k'),
      ];
      for (const end of await Promise.allSettled(calls)) {
        if (end.status === 'fulfilled') continue;
        failures++;
        witness.errors.push(end.reason);
      }
    }
    expect(failures).toBeGreaterThan(20);
    expect(told.filter(tellsSecret).length).toBeGreaterThan(20);
    expect(witness.telling).toEqual([]);
  });
});
