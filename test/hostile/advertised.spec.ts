import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdError } from 'nestjs-etcd/client';

import { END, HttpStub, jsonResponse, type StubRequest } from '../support/http-stub.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { Decoy } from './decoy.js';

const cluster = { 'X-Etcd-Cluster-Id': 'ab' };
const stored = jsonResponse(
  200,
  { action: 'get', node: { key: '/a', value: 'v', modifiedIndex: 5, createdIndex: 5 } },
  { ...cluster, 'X-Etcd-Index': 5 },
);
const memberList = (clientURLs: unknown, id: string | undefined = 'ab') =>
  jsonResponse(
    200,
    { members: [{ id: '1', name: 'm', peerURLs: [], clientURLs }] },
    id === undefined ? {} : { 'X-Etcd-Cluster-Id': id },
  );

const isHello = ({ method, path, headers, body }: StubRequest) =>
  method === 'GET' && path === '/v2/members' && headers['authorization'] === undefined && body === '';

async function* ending() {
  yield END;
}

describe('Advertised addresses', () => {
  let member: HttpStub;
  let advertised: unknown;
  let log: string[];
  beforeEach(async () => {
    log = [];
    member = await HttpStub.start(({ path }) => (path === '/v2/members' ? memberList(advertised) : stored));
  });
  afterEach(() => member.stop());

  const connect = () => {
    const write = (line: string) => log.push(line);
    return new EtcdClient({
      hosts: member.url,
      ...patient,
      sync: { interval: 40 },
      auth: { username: 'root', password: 'hunter2' },
      logger: { log: write, warn: write, error: write },
    });
  };
  const helloes = () => member.requests.filter(isHello).length;
  /** Reads and writes until the list of members has been read several times. */
  const work = async (etcd: EtcdClient) => {
    const before = helloes();
    await waitFor(async () => {
      await Promise.all([etcd.get('/a'), etcd.set('/a', 'secret-value')]);
      return helloes() > before + 3;
    });
  };
  /** Writes without success until the decoy has been asked, and once more, when the client knows what it is. */
  const failToWrite = async (etcd: EtcdClient, decoy: Decoy) => {
    const fail = () =>
      expect(etcd.set('/a', 'secret-value', { timeout: 400 })).rejects.toBeInstanceOf(EtcdError);
    // The first one may still be sent to the member, which is just ending.
    for (let left = 20; left > 0 && decoy.requests.length === 0; left--) await fail();
    await fail();
  };
  /** It was asked who it is and nothing else, and no more often than one that rests for a second each time. */
  const expectHellos = ({ requests }: Decoy, since: number) => {
    expect(new Set(requests)).toEqual(new Set(['GET /v2/members HTTP/1.1']));
    expect(requests.length).toBeLessThanOrEqual((performance.now() - since) / 1_000 + 2);
  };

  const refused: ((port: number) => unknown)[] = [
    () => 'http://169.254.169.254/latest/meta-data',
    () => 'http://169.254.169.254',
    () => 'http://[::ffff:169.254.169.254]',
    () => 'file:///etc/passwd',
    () => 'unix:///run/docker.sock',
    (port) => `ftp://127.0.0.1:${port}`,
    (port) => `https://127.0.0.1:${port}`,
    (port) => `http://127.0.0.66:${port}`,
    (port) => `http://localhost:${port}`,
    (port) => `http://etcd.localhost:${port}`,
    (port) => `http://[::1]:${port}`,
    (port) => `http://[::ffff:127.0.0.1]:${port}`,
    (port) => `http://0.0.0.0:${port}`,
    (port) => `http://[::]:${port}`,
    (port) => `http://224.0.0.1:${port}`,
    (port) => `http://root:root@127.0.0.1:${port}`,
    (port) => `http://127.0.0.1:${port}/v2/keys/a`,
    (port) => `http://127.0.0.1:${port}/?a`,
    () => 'javascript:alert(1)',
    () => 'http://[',
    (port) => port,
    () => null,
    (port) => [`http://127.0.0.1:${port}`],
  ];

  it('that point where no member can be are never asked, whether members answer or not', async () => {
    await using decoy = await Decoy.start(memberList([]), ['127.0.0.1', '127.0.0.66', '::1']);
    advertised = [member.url, ...refused.map((url) => url(decoy.port))];
    await using etcd = connect();
    await work(etcd);
    expect(etcd.endpoints).toEqual([member.url]);
    expect((await etcd.health()).members).toHaveLength(1);
    await member.stop();
    await expect(etcd.set('/a', 'secret-value', { timeout: 400 })).rejects.toBeInstanceOf(EtcdError);
    await expect(etcd.get('/a', { timeout: 400 })).rejects.toBeInstanceOf(EtcdError);
    expect(decoy.connections).toBe(0);
  });

  it.each<[string, string]>([
    ['another cluster', memberList(['http://127.0.0.1:1'], 'cd')],
    ['no cluster', memberList(['http://127.0.0.1:1'], undefined).replace(/X-Etcd.*\r\n/, '')],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['nothing', ''],
  ])('of a server of %s learn nothing but that somebody asked who they are', async (_, answer) => {
    await using decoy = await Decoy.start(answer);
    const foreign = `http://127.0.0.1:${decoy.port}`;
    advertised = [member.url, foreign];
    await using etcd = connect();
    await work(etcd);
    // The control: the address is one that is accepted, and would be used.
    expect(etcd.endpoints).toContain(foreign);
    expect(decoy.connections).toBe(0);

    await member.stop();
    const begin = performance.now();
    await failToWrite(etcd, decoy);
    expectHellos(decoy, begin);
    expect(decoy.received).not.toMatch(/authorization|secret|\/v2\/keys/i);
    expect(log.join()).not.toMatch(/hunter2|secret/);
  });

  it('of a member of the cluster take over, and get credentials once they have said who they are', async () => {
    const other = await HttpStub.start(({ path }) => (path === '/v2/members' ? memberList([]) : stored));
    try {
      advertised = [member.url, other.url];
      await using etcd = connect();
      await work(etcd);
      expect(other.requests).toEqual([]);
      await member.stop();
      await etcd.get('/a');
      const [first, ...rest] = other.requests as [StubRequest, ...StubRequest[]];
      expect(isHello(first)).toBe(true);
      expect(
        rest
          .filter(({ path }) => path.startsWith('/v2/keys'))
          .every(({ headers }) => headers['authorization'] !== undefined),
      ).toBe(true);
      expect(rest.length).toBeGreaterThan(0);
    } finally {
      await other.stop();
    }
  });

  it('that a filter takes still need the scheme of the configured hosts and a proof', async () => {
    await using decoy = await Decoy.start(memberList([], 'cd'), ['127.0.0.1', '127.0.0.66']);
    advertised = [
      member.url,
      `http://127.0.0.66:${decoy.port}`,
      `https://127.0.0.1:${decoy.port}`,
      'file:///etc/passwd',
    ];
    const asked: string[] = [];
    await using etcd = new EtcdClient({
      hosts: member.url,
      ...patient,
      sync: { accept: ({ href }) => asked.push(href) > 0 },
      auth: { username: 'root', password: 'hunter2' },
    });
    await etcd.get('/a');
    expect(new Set(asked)).toEqual(new Set([`${member.url}/`, `http://127.0.0.66:${decoy.port}/`]));
    await member.stop();
    const begin = performance.now();
    await failToWrite(etcd, decoy);
    expectHellos(decoy, begin);
    expect(decoy.received).not.toMatch(/authorization|secret/i);
  });

  it('are not even read when synchronisation is off', async () => {
    await using decoy = await Decoy.start(memberList([]));
    advertised = [`http://127.0.0.1:${decoy.port}`];
    await using etcd = new EtcdClient({ hosts: member.url, ...patient, sync: false });
    await etcd.get('/a');
    expect(etcd.endpoints).toEqual([member.url]);
    await member.stop();
    await expect(etcd.get('/a', { timeout: 400 })).rejects.toBeInstanceOf(EtcdError);
    expect(decoy.connections).toBe(0);
  });

  it('do not change that credentials follow the question who a member is, at first and after a failure', async () => {
    advertised = [member.url];
    await using etcd = connect();
    await Promise.all([etcd.get('/a'), etcd.get('/b'), etcd.set('/a', 'b')]);
    expect(isHello(member.requests[0] as StubRequest)).toBe(true);
    const { handler } = member;
    let failed: number | undefined;
    member.handler = (request) => {
      if (request.path === '/v2/members' || failed !== undefined) return handler(request);
      failed = member.requests.length;
      return ending();
    };
    await etcd.get('/c');
    const after = member.requests.slice(failed);
    const firstWithCredentials = after.findIndex(({ headers }) => headers['authorization'] !== undefined);
    expect(after.slice(0, firstWithCredentials).some(isHello)).toBe(true);
  });
});
