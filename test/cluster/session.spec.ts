import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdCluster } from '../support/etcd-cluster.js';
import { EtcdMember } from '../support/etcd-member.js';
import { HttpStub } from '../support/http-stub.js';
import { patient } from '../support/patient.js';
import { type RawResponse } from '../support/raw-request.js';
import { FakeMember } from './fake-member.js';
import { Lines } from './lines.js';

/** An answer of a real member's, to be passed on as it is. */
function passOn({ status, headers, body }: RawResponse): string {
  const kept = Object.entries(headers).filter(([name]) => /^(x-|content-type)/.test(name));
  const lines = kept.map(([name, value]) => `${name}: ${String(value)}`);
  return [`HTTP/1.1 ${status} Status`, ...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join(
    '\r\n',
  );
}

/** A load balancer that gives each request to the member that `choose` names. */
function balance(choose: () => EtcdMember): Promise<HttpStub> {
  return HttpStub.start(async ({ method, path, headers, body }) =>
    passOn(
      await choose().request(path, {
        method,
        body,
        timeout: patient.timeout,
        headers: headers['content-type'] === undefined ? {} : { 'content-type': headers['content-type'] },
      }),
    ),
  );
}

describe('session consistency on a cluster of three', () => {
  let cluster: EtcdCluster;

  beforeAll(async () => {
    cluster = await EtcdCluster.start(3);
  });
  afterAll(() => cluster.stop());

  it('shows a client its own writes and nothing older, whichever member answers, where plain HTTP does not', async () => {
    let turn = 0;
    await using balancer = await balance(() => cluster.members[turn++ % 3] as EtcdMember);
    await using client = new EtcdClient({ hosts: balancer.url, sync: false, ...patient });
    let older = 0;
    let naiveOlder = 0;
    // As long as it takes until the control has seen what the rule prevents.
    for (let i = 1; i <= 200 || (naiveOlder === 0 && i <= 3_000); i++) {
      // The step keeps the write, the read and the next write on different members.
      await client.set('/counter', String(i));
      const naive = await cluster.members[turn++ % 3]?.request('/v2/keys/counter');
      if (Number(valueOf(naive?.body)) < i) naiveOlder++;
      if (Number((await client.get('/counter')).node.value) < i) older++;
    }
    expect(older).toBe(0);
    // The control: without the rule, the same members show older values.
    expect(naiveOlder).toBeGreaterThan(0);
  });

  it('shows nothing older from a follower that was held back by SIGSTOP', async () => {
    const [follower] = await cluster.followers();
    const leader = await cluster.waitForLeader();
    let member = leader;
    await using balancer = await balance(() => member);
    await using client = new EtcdClient({ hosts: balancer.url, sync: false, ...patient });
    let naiveOlder = 0;
    for (let round = 0; round < 20 && naiveOlder === 0; round++) {
      member = leader;
      follower?.pause();
      for (let i = 1; i <= 50; i++) await client.set('/held', String(i));
      const naive = follower?.request('/v2/keys/held', { timeout: patient.timeout });
      member = follower as EtcdMember;
      const read = client.get('/held');
      follower?.resume();
      expect((await read).node.value).toBe('50');
      if (valueOf((await naive)?.body) !== '50') naiveOlder++;
      await client.set('/held', '0');
    }
    expect(naiveOlder).toBe(1);
  });

  function valueOf(body = ''): string | undefined {
    return (JSON.parse(body) as { node?: { value: string } }).node?.value;
  }
});

describe('session consistency, looked at closely', () => {
  it('asks a stale answer again through raft, and only that one', async () => {
    let index = 10;
    await using member = await FakeMember.start({
      keys: ({ path }) => member.node(path.includes('quorum=true') ? 10 : index),
    });
    await using client = new EtcdClient({ hosts: member.url, ...patient });
    await client.get('/a');
    index = 9;
    expect((await client.get('/a?', { recursive: true })).etcdIndex).toBe(10);
    index = 11;
    expect((await client.get('/a')).etcdIndex).toBe(11);
    expect(member.served).toEqual([
      'GET /v2/keys/a',
      'GET /v2/keys/a%3F?recursive=true',
      'GET /v2/keys/a%3F?recursive=true&quorum=true',
      'GET /v2/keys/a',
    ]);
  });

  it('takes "not found" from a member that is behind for no answer either', async () => {
    let behind = false;
    await using member = await FakeMember.start({
      keys: ({ path }) =>
        behind && !path.includes('quorum')
          ? member.node(3).replace('200 Status', '404 Status')
          : member.node(7, 'here'),
    });
    await using client = new EtcdClient({ hosts: member.url, ...patient });
    await client.set('/a', 'here');
    behind = true;
    expect((await client.get('/a')).node.value).toBe('here');
  });

  it('asks through raft at once where it is wanted, by call or for the whole client', async () => {
    await using member = await FakeMember.start();
    await using client = new EtcdClient({ hosts: member.url, ...patient });
    await client.get('/a', { quorum: true });
    await using strict = new EtcdClient({ hosts: member.url, quorum: true, ...patient });
    await strict.get('/b');
    await strict.get('/c', { quorum: false });
    expect(member.served).toEqual([
      'GET /v2/keys/a?quorum=true',
      'GET /v2/keys/b?quorum=true',
      'GET /v2/keys/c',
    ]);
  });

  it('begins anew, with one line, when even raft shows an older store, however many calls see it at once', async () => {
    let index = 1_000;
    await using member = await FakeMember.start({ keys: () => member.node(index) });
    const logger = new Lines();
    await using client = new EtcdClient({ hosts: member.url, logger, ...patient });
    await client.get('/a');
    index = 8;
    const results = await Promise.all(Array.from({ length: 20 }, () => client.get('/a')));
    expect(new Set(results.map(({ etcdIndex }) => etcdIndex))).toEqual(new Set([8]));
    index = 9;
    await client.get('/a');
    expect(logger.all).toEqual([
      expect.stringMatching(/^warn .* gone back from index 1000 to 8 .*restored or rebuilt/),
    ]);
    expect(member.served.at(-1)).toBe('GET /v2/keys/a');
  });

  it('goes by the raft term, too: a store of an older term is asked again', async () => {
    let term = 7;
    await using member = await FakeMember.start({
      keys: () => member.node(10).replace('X-Raft-Term: 2', `X-Raft-Term: ${term}`),
    });
    const logger = new Lines();
    await using client = new EtcdClient({ hosts: member.url, logger, ...patient });
    await client.get('/a');
    term = 2;
    await client.get('/a');
    expect(member.served.slice(1)).toEqual(['GET /v2/keys/a', 'GET /v2/keys/a?quorum=true']);
    // The store is where it was: a member that was cut off has campaigned in vain, and its term is gone.
    expect(logger.all).toEqual([]);
    await client.get('/a');
    expect(member.served.slice(3)).toEqual(['GET /v2/keys/a']);
  });

  it('takes no index from an answer that has none', async () => {
    let bad = false;
    await using member = await FakeMember.start({
      keys: () =>
        bad
          ? member.node(10).replace('200 Status', '400 Status').replace('X-Etcd-Index: 10', 'X-Etcd-Index: 0')
          : member.node(10),
    });
    const logger = new Lines();
    await using client = new EtcdClient({ hosts: member.url, logger, ...patient });
    await client.get('/a');
    bad = true;
    await expect(client.set('/a', '1')).rejects.toMatchObject({ status: 400, index: undefined });
    bad = false;
    await client.get('/a');
    expect(logger.all).toEqual([]);
  });
});

describe('a real member that was rebuilt with the same flags', () => {
  it('has the same cluster id and a lower index, and is a new beginning with one line', async () => {
    await using member = await EtcdMember.start();
    const logger = new Lines();
    await using client = new EtcdClient({ hosts: member.url, logger, ...patient });
    for (let i = 0; i < 30; i++) await client.set(`/old/${i}`, 'x');
    const { clusterId } = client;
    await member.kill();
    rmSync(join(member.directory, 'data'), { recursive: true });
    await member.restart();
    expect(await client.find('/old/1')).toBeUndefined();
    await client.set('/new', '1');
    expect((await client.get('/new')).node.value).toBe('1');
    expect(client.clusterId).toBe(clusterId);
    expect(logger.with('gone back')).toHaveLength(1);
  });
});
