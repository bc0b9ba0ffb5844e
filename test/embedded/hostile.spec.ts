import { once } from 'node:events';
import { connect } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { EmbeddedEtcd } from '../../lib/testing/index.js';
import { EtcdMember } from '../support/etcd-member.js';
import { rawRequest } from '../support/raw-request.js';
import { waitFor } from '../support/wait-for.js';
import { hostileCase } from './hostile-requests.js';
import { masked, play, runHostileCases } from './hostile-run.js';

const get = 'GET /version HTTP/1.1\r\nHost: x\r\n\r\n';
const put =
  'PUT /v2/keys/cut HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\nvalue=1';
const watch = 'GET /v2/keys/watched?wait=true HTTP/1.1\r\nHost: x\r\n\r\n';

describe('Bad clients of the embedded server', () => {
  let member: EtcdMember;
  let server: EmbeddedEtcd;
  beforeAll(async () => {
    [member, server] = await Promise.all([EtcdMember.start({ name: 'default' }), EmbeddedEtcd.start()]);
  });
  afterAll(() => Promise.all([member.stop(), server.stop()]));

  /** What both say to a client that sends this, and then ends its side. */
  const answers = async (bytes: string): Promise<[wanted: string, got: string]> => {
    const outcomes = await Promise.all(
      [member.url, server.url].map((url) => play(url, { writes: [bytes], end: 'finish' })),
    );
    const [wanted = '', got = ''] = outcomes.map(
      ({ received, hung }) => `${JSON.stringify(bytes)}\n${masked(received)}${hung ? ' hangs' : ''}`,
    );
    return [wanted, got];
  };

  it.each([
    ['a read', get],
    ['a write', put],
    ['two requests', get + put],
    ['a watch', watch],
    ['a watch and another request', watch + get],
    ['an old request', 'GET /v2/keys/cut HTTP/1.0\r\n\r\n'],
  ])('who end their side in the middle of %s are answered as a real etcd does', async (_, bytes) => {
    for (let length = 1; length <= bytes.length; length++) {
      const [wanted, got] = await answers(bytes.slice(0, length));
      expect(got).toBe(wanted);
    }
  });

  it('whose requests are spoilt are answered as a real etcd does', async () => {
    const differences: string[] = [];
    for (let number = 0; number < 400; number++) {
      const bytes = hostileCase(2, number).writes.join('');
      if (bytes.length > 100_000) continue;
      const [wanted, got] = await answers(bytes);
      if (got !== wanted) differences.push(`${number}: ${wanted}\n--- but got\n${got}`);
    }
    expect(differences).toEqual([]);
  });

  it('who come in a crowd leave room for a good one', async () => {
    const { hostname, port } = new URL(server.url);
    const sockets = Array.from({ length: 500 }, () => connect(Number(port), hostname));
    for (const socket of sockets) socket.on('error', () => undefined);
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    sockets.forEach((socket, i) => socket.write(put.slice(0, i % put.length)));
    expect((await rawRequest(`${server.url}/version`)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  it('who ask and do not read are not waited for, and cost no memory', async () => {
    const { hostname, port } = new URL(server.url);
    await rawRequest(`${server.url}/v2/keys/large`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `value=${'x'.repeat(1_000_000)}`,
    });
    const before = process.memoryUsage().rss;
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.pause();
    socket.write('GET /v2/keys/large HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(500));
    await waitFor(() => server.requests.some(({ method, url }) => method === 'GET' && url.endsWith('large')));
    for (let i = 0; i < 20; i++) expect((await rawRequest(`${server.url}/version`)).status).toBe(200);
    const asked = server.requests.filter(({ method, url }) => method === 'GET' && url.endsWith('large'));
    // All answers together have 500 MB; the system keeps some of them for the connection.
    expect(asked.length).toBeLessThan(100);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1_048_576);
    socket.destroy();
  });

  it('neither stop it nor make it grow', async () => {
    const { statuses, growth, ...faults } = await runHostileCases(server.url, 1_500, 1);
    expect(faults).toMatchObject({ hung: [], garbled: [], refused: [] });
    expect(growth).toBeLessThan(10);
    expect([...statuses.keys()]).toEqual(
      expect.arrayContaining(['100', '200', '201', '400', '404', '405', '412', '417', '501']),
    );
  });
});
