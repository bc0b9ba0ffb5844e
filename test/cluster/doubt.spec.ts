import { describe, expect, it } from '@jest/globals';
import { EtcdClient, type EtcdClientOptions, type EtcdError } from 'nestjs-etcd/client';

import { jsonResponse, RESET, type StubRequest } from '../support/http-stub.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { FakeMember, silence } from './fake-member.js';

/** Takes the request, and ends the connection instead of answering. */
async function* lost(): AsyncGenerator<typeof RESET> {
  yield RESET;
}

const refusal = (errorCode: number, status: number) =>
  jsonResponse(
    status,
    { errorCode, message: 'refused', index: 12 },
    { 'X-Etcd-Cluster-Id': 'cafe', 'X-Etcd-Index': 12 },
  );

const isPut = ({ method }: StubRequest): boolean => method === 'PUT';

/** The first change after index 10, as history tells it. */
const change = (member: FakeMember, value: string, before: number): string =>
  jsonResponse(
    200,
    {
      action: 'compareAndSwap',
      node: { key: '/a', value, modifiedIndex: 11, createdIndex: 5 },
      prevNode: { key: '/a', value: 'old', modifiedIndex: before, createdIndex: 5 },
    },
    member.headers(12),
  );

async function failureOf(run: Promise<unknown>): Promise<EtcdError> {
  return run.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: EtcdError) => error,
  );
}

describe('a swap whose first answer was lost and whose second is a refusal', () => {
  async function swap(
    history: (member: FakeMember) => string | Promise<string>,
    options: EtcdClientOptions = {},
  ) {
    let puts = 0;
    const member: FakeMember = await FakeMember.start({
      keys: (request) => {
        if (isPut(request)) return ++puts === 1 ? lost() : refusal(101, 412);
        return history(member);
      },
    });
    const client = new EtcdClient({ hosts: member.url, ...patient, ...options });
    const abort = new AbortController();
    const swapping = client.compareAndSwap('/a', 'mine', {
      prevIndex: 10,
      uniqueValue: true,
      signal: abort.signal,
    });
    return {
      member,
      client,
      abort,
      swapping,
      [Symbol.asyncDispose]: async () =>
        void (await Promise.all([client.close(), member[Symbol.asyncDispose]()])),
    };
  }

  it('is our own, or somebody else’s, where history tells what became of that very index', async () => {
    await using ours = await swap((member) => change(member, 'mine', 10));
    expect((await ours.swapping).node.value).toBe('mine');
    await using others = await swap((member) => change(member, 'other', 10));
    expect(await failureOf(others.swapping)).toMatchObject({
      code: 'ETCD_COMPARE_FAILED',
      mayHaveBeenApplied: false,
    });
  });

  it('stays in doubt where history tells of another index', async () => {
    await using gap = await swap((member) => change(member, 'other', 11));
    expect(await failureOf(gap.swapping)).toMatchObject({
      code: 'ETCD_INDETERMINATE',
      mayHaveBeenApplied: true,
    });
  });

  it('stays in doubt when the call is aborted or the client closed while history is read', async () => {
    await using aborted = await swap(() => silence);
    await waitFor(() => aborted.member.served.some((line) => line.includes('wait=true')));
    aborted.abort.abort();
    expect(await failureOf(aborted.swapping)).toMatchObject({
      code: 'ETCD_ABORTED',
      mayHaveBeenApplied: true,
    });
    await using closed = await swap(() => silence);
    await waitFor(() => closed.member.served.some((line) => line.includes('wait=true')));
    await closed.client.close();
    expect(await failureOf(closed.swapping)).toMatchObject({ code: 'ETCD_CLOSED', mayHaveBeenApplied: true });
  });
});

describe('a write with a unique value', () => {
  it('is sent once, and stays in doubt where its value is not found', async () => {
    await using member = await FakeMember.start({
      keys: (request) => (isPut(request) ? lost() : refusal(100, 404)),
    });
    await using client = new EtcdClient({ hosts: member.url, ...patient });
    const failure = await failureOf(client.create('/a', 'mine', { uniqueValue: true }));
    expect(failure).toMatchObject({ code: 'ETCD_INDETERMINATE', mayHaveBeenApplied: true });
    expect(member.served).toEqual(['PUT /v2/keys/a', 'GET /v2/keys/a?quorum=true']);
  });
});

describe('another cluster', () => {
  it('that is met after a try of the write does not make it certain', async () => {
    await using first = await FakeMember.start({ keys: lost });
    await using other = await FakeMember.start({ clusterId: 'beef' });
    await using client = new EtcdClient({
      hosts: [first.url, other.url],
      order: 'given',
      sync: false,
      ...patient,
    });
    const failure = await failureOf(client.set('/a', 'v', { idempotent: true }));
    expect(failure).toMatchObject({ code: 'ETCD_CLUSTER_ID_CHANGED', mayHaveBeenApplied: true });
    expect(failure.attempts).toHaveLength(1);
    expect(other.served).toEqual([]);
  });

  it('that answers a write with a failure of its own may apply it yet', async () => {
    await using member = await FakeMember.start({
      keys: () => jsonResponse(500, { errorCode: 300, message: 'Raft' }, { 'X-Etcd-Cluster-Id': 'beef' }),
    });
    await using client = new EtcdClient({ hosts: member.url, sync: false, ...patient });
    const failure = await failureOf(client.set('/a', 'v'));
    expect(failure).toMatchObject({ code: 'ETCD_CLUSTER_ID_CHANGED', mayHaveBeenApplied: true });
  });

  it('is whoever does not say the id that was given, whatever else it says', async () => {
    await using decoy = await FakeMember.start();
    decoy.stub.handler = () => jsonResponse(404, {});
    const auth = { username: 'u', password: 'p' };
    await using client = new EtcdClient({ hosts: decoy.url, clusterId: 'cafe', auth, ...patient });
    expect(await failureOf(client.set('/a', 'v'))).toMatchObject({ code: 'ETCD_CLUSTER_ID_CHANGED' });
    expect(decoy.served).toEqual([]);
  });
});

describe('a page of a proxy', () => {
  it('is no answer to a change', async () => {
    await using member = await FakeMember.start({
      keys: () => 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>',
    });
    await using client = new EtcdClient({ hosts: member.url, ...patient });
    expect(await failureOf(client.members.remove('1'))).toMatchObject({ code: 'ETCD_INDETERMINATE' });
    const failure = await failureOf(client.get('/a'));
    expect(failure).toMatchObject({ code: 'ETCD_RESPONSE', endpoint: member.url });
    expect(failure.message).toContain('GET /v2/keys/a');
  });
});

describe('what a call went through', () => {
  it('is told with a definite answer, too', async () => {
    await using broken = await FakeMember.start({ keys: () => jsonResponse(503, {}) });
    await using member = await FakeMember.start({ keys: () => refusal(100, 404) });
    await using client = new EtcdClient({
      hosts: [broken.url, member.url],
      order: 'given',
      sync: false,
      ...patient,
    });
    const failure = await failureOf(client.get('/a'));
    expect(failure).toMatchObject({ code: 'ETCD_KEY_NOT_FOUND', attempts: [{ endpoint: broken.url }] });
  });
});

describe('calls in a hurry', () => {
  it('do not make others doubt a member that had no time to answer', async () => {
    await using member = await FakeMember.start();
    const hosts = { hosts: member.url, connections: 2, tryTimeout: 5_000, sync: false };
    await using client = new EtcdClient(hosts);
    await client.get('/a');
    // Who doubts it now has to wait for an answer that does not come.
    member.stub.handler = ({ path }) =>
      path.includes('slow') || path === '/v2/members' ? silence : member.node(5);
    const hurry = () => client.get('/slow', { timeout: 50 }).catch((error: EtcdError) => error.code);
    const hurried = Array.from({ length: 6 }, hurry);
    expect((await client.get('/a', { timeout: 3_000 })).node.value).toBe('v');
    expect(new Set(await Promise.all(hurried))).toEqual(new Set(['ETCD_TIMEOUT']));
  });
});

describe('a logger that throws', () => {
  it('ends nothing', async () => {
    const fail = (): never => {
      throw new Error('no disk');
    };
    await using member = await FakeMember.start();
    const logger = { log: fail, warn: fail, error: fail };
    await using client = new EtcdClient({ hosts: member.url, logger, sync: { interval: 20 } });
    await client.get('/a');
    await member.stub.stop();
    await expect(client.get('/a', { timeout: 300 })).rejects.toMatchObject({
      code: expect.stringMatching(/^ETCD_(CONNECTION|TIMEOUT)$/),
    });
  });
});
