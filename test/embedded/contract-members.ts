import type { Exchange } from './exchange.js';

const json = { 'Content-Type': 'application/json' };
const send = (request: string, body: string, headers: Readonly<Record<string, string>> = json): Exchange => ({
  request,
  headers,
  body,
});
const urls = (...all: string[]) => JSON.stringify({ peerURLs: all });

/** What changes the members of a cluster of one, in this order; the last ones cost it its majority. */
export const membersContract: readonly Exchange[] = [
  send('POST /v2/members', urls('http://h:1'), { 'Content-Type': 'text/plain' }),
  send('POST /v2/members', urls('http://h:1'), { 'Content-Type': 'Text/Plain; charset=x' }),
  send('POST /v2/members', urls('http://h:1'), {}),
  send('POST /v2/members', ''),
  send('POST /v2/members', '{bad'),
  send('POST /v2/members', 'bad'),
  send('POST /v2/members', '{"peerURLs":'),
  send('POST /v2/members', '[]'),
  send('POST /v2/members', '"x"'),
  send('POST /v2/members', '{"peerURLs":"http://h:1"}'),
  send('POST /v2/members', '{"peerURLs":[1]}'),
  send('POST /v2/members', '{}'),
  send('POST /v2/members', 'null'),
  send('POST /v2/members', urls()),
  send('POST /v2/members', urls('foo')),
  send('POST /v2/members', urls('ftp://h:1')),
  send('POST /v2/members', urls('http://a')),
  send('POST /v2/members', urls('http://a:1/')),
  send('POST /v2/members', urls('http://a:1/x')),
  send('PUT /v2/members', urls('http://h:1')),
  'DELETE /v2/members',
  'DELETE /v2/members/',
  'DELETE /v2/members/xyz',
  'DELETE /v2/members/abc/',
  'DELETE /v2/members/00ABC',
  send('PUT /v2/members/abc', urls('http://h:1')),
  send('PUT /v2/members/[ID]', urls('foo')),
  send('PUT /v2/members/[ID]', ''),
  'DELETE /v2/members/[ID]',
  'PATCH /v2/members/[ID]',
  send('POST /v2/members', urls('[PEER]')),
  send('POST /v2/members', urls('http://h:1', '[PEER]')),
  send('PUT /v2/members/[ID]', urls('[PEER]')),
  'GET /v2/members',
  'GET /v2/keys',
  send('PUT /v2/members/[ID]', urls('http://h:9', '[PEER]')),
  'GET /v2/keys',
  send('POST /v2/members/anything', urls(' http://h:2 ', 'http://h:1'), {
    'Content-Type': 'Application/JSON; charset=utf-8',
  }),
  'GET /v2/keys',
  send('POST /v2/members', urls('http://h:3')),
  'GET /v2/machines',
];
