import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, type EtcdError, EtcdIndeterminateError } from 'nestjs-etcd/client';

import { EtcdCluster } from '../support/etcd-cluster.js';
import { type EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { FakeMember, silence } from './fake-member.js';

describe('fail-over on a cluster of three', () => {
  let cluster: EtcdCluster;
  let pinned: EtcdMember;

  beforeAll(async () => {
    cluster = await EtcdCluster.start(3, { proxy: true });
  });
  afterAll(() => cluster.stop());
  afterEach(async () => {
    pinned.resume();
    pinned.proxy?.blackHole(false);
    await pinned.proxy?.accept();
    if (!pinned.isRunning) await pinned.restart();
    await cluster.waitHealthy();
  });

  let tests = 0;
  /** A key of the test's own, since what a member has held back is written when it goes on. */
  let key: string;

  /** A client that keeps to a follower, so that the fault is about the client's member and not about raft. */
  async function clientPinnedToFollower(): Promise<EtcdClient> {
    const [follower] = await cluster.followers();
    pinned = follower as EtcdMember;
    key = `/key${++tests}`;
    await using writer = new EtcdClient({ hosts: pinned.url, sync: false, ...patient });
    await writer.set(key, 'before');
    const others = cluster.urls.filter((url) => url !== pinned.url);
    const connect = async (): Promise<EtcdClient | undefined> => {
      const before = pinned.proxy?.requests.length;
      const client = new EtcdClient({ hosts: [pinned.url, ...others], order: 'given' });
      const isRead = await client.get(key).then(() => true, () => false); // prettier-ignore
      const asked = pinned.proxy?.requests.slice(before).at(-1)?.line;
      if (isRead && asked === `GET /v2/keys${key} HTTP/1.1`) return client;
      await client.close();
      return undefined;
    };
    return await waitFor(connect, { what: 'a client that keeps to the follower' });
  }

  // Up to the deadline, which is after 5 s, who does not go on would wait.
  const faults: Array<[name: string, most: number, fault: (member: EtcdMember) => Promise<void> | void]> = [
    ['is killed', 2_500, (member) => member.kill()],
    ['is stopped with SIGSTOP', 4_500, (member) => member.pause()],
    ['is behind a network that swallows everything', 4_500, (member) => member.proxy?.blackHole(true)],
    [
      'refuses connections',
      2_500,
      async (member) => {
        await member.proxy?.refuse();
        member.proxy?.reset();
      },
    ],
  ];

  for (const [name, most, fault] of faults) {
    it(`reads from the next member when its own one ${name}`, async () => {
      await using client = await clientPinnedToFollower();
      await fault(pinned);
      const start = performance.now();
      expect((await client.get(key)).node.value).toBe('before');
      expect(performance.now() - start).toBeLessThan(most);
    });

    it(`writes to the next member when its own one ${name}`, async () => {
      await using client = await clientPinnedToFollower();
      await fault(pinned);
      const first = await client.set(key, 'first').then(
        () => 'ok',
        (error: EtcdError) => error.code,
      );
      // What was sent to a member that fell silent is the only write whose end is not known.
      expect(['ok', 'ETCD_INDETERMINATE']).toContain(first);
      // A member that comes back from an earlier test may have called an election just now: C2 bounds what that costs.
      await waitFor(() => client.set(key, 'second'), {
        timeout: 10_000,
        what: 'a write to another member',
      });
      expect((await client.get(key, { quorum: true })).node.value).toBe('second');
    });
  }

  it('goes back to a member that returns when its present one fails', async () => {
    await using client = await clientPinnedToFollower();
    await pinned.kill();
    await client.get(key);
    await pinned.restart();
    await cluster.waitHealthy();
    const others = cluster.members.filter((member) => member !== pinned);
    for (const other of others) {
      await other.proxy?.refuse();
      other.proxy?.reset();
    }
    try {
      const before = pinned.proxy?.requests.length ?? 0;
      expect((await client.get(key)).node.value).toBe('before');
      expect(pinned.proxy?.requests.length).toBeGreaterThan(before);
    } finally {
      for (const other of others) await other.proxy?.accept();
    }
  });
});

describe('fail-over between members that behave as the test wants', () => {
  it('leaves a member that says who it is but does not write, as one that is cut off from the others', async () => {
    await using cutOff = await FakeMember.start();
    await using healthy = await FakeMember.start();
    await using client = new EtcdClient({
      hosts: [cutOff.url, healthy.url],
      order: 'given',
      tryTimeout: 1_500,
    });
    await client.get('/a');
    cutOff.change({ keys: () => silence });
    await expect(client.set('/a', '1')).rejects.toBeInstanceOf(EtcdIndeterminateError);
    for (let i = 0; i < 5; i++) await client.set('/a', String(i));
    expect(cutOff.served).toEqual(['GET /v2/keys/a', 'PUT /v2/keys/a']);
    expect(healthy.served).toHaveLength(5);
  });

  it('leaves a member that answers writes with 503, after the one that met it', async () => {
    await using proxyless = await FakeMember.start({
      keys: () => 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n',
    });
    await using healthy = await FakeMember.start();
    await using client = new EtcdClient({
      hosts: [proxyless.url, healthy.url],
      order: 'given',
      ...patient,
    });
    await expect(client.set('/a', '1')).rejects.toBeInstanceOf(EtcdIndeterminateError);
    for (let i = 0; i < 5; i++) await client.set('/a', String(i));
    expect(proxyless.served).toHaveLength(1);
  });

  it('sends a write to no member that has not said who it is', async () => {
    await using mute = await FakeMember.start();
    mute.stub.handler = () => silence;
    await using healthy = await FakeMember.start();
    await using client = new EtcdClient({
      hosts: [mute.url, healthy.url],
      order: 'given',
      tryTimeout: 1_500,
      timeout: 15_000,
    });
    await Promise.all(Array.from({ length: 20 }, (_, i) => client.set('/a', String(i))));
    expect(mute.served).toEqual([]);
    expect(mute.hellos).toBe(1);
    expect(healthy.served).toHaveLength(20);
  });

  it('gets along with a server that closes the connection after each answer', async () => {
    await using member = await FakeMember.start();
    const answer = member.stub.handler;
    member.stub.handler = async function* closing(request) {
      const text = (await answer(request)) as string;
      yield text.replace('\r\n', '\r\nConnection: close\r\n');
      yield { step: 'end' } as const;
    };
    await using client = new EtcdClient({ hosts: member.url, ...patient });
    for (let i = 0; i < 10; i++) await client.set('/a', String(i));
    await Promise.all(Array.from({ length: 10 }, (_, i) => client.set('/a', String(i))));
    expect(member.served).toHaveLength(20);
  });

  it('does not hand the writes that wait for a connection to a member that has fallen silent', async () => {
    await using silent = await FakeMember.start({ keys: () => silence });
    await using healthy = await FakeMember.start();
    await using client = new EtcdClient({
      hosts: [silent.url, healthy.url],
      order: 'given',
      connections: 4,
      tryTimeout: 1_500,
      timeout: 15_000,
    });
    const ends = await Promise.allSettled(Array.from({ length: 100 }, (_, i) => client.set('/a', String(i))));
    const unknown = ends.filter(({ status }) => status === 'rejected').length;
    expect(unknown).toBe(silent.served.length);
    expect(unknown).toBe(4);
    expect(healthy.served).toHaveLength(100 - unknown);
  });
});

describe('the order of members', () => {
  /** Which of three members each of `count` new clients asks first. */
  async function firstAsked(order: 'random' | 'given', count: number): Promise<number[]> {
    const members = [await FakeMember.start(), await FakeMember.start(), await FakeMember.start()];
    try {
      for (let i = 0; i < count; i++) {
        await using client = new EtcdClient({ hosts: members.map(({ url }) => url), order, ...patient });
        await client.get('/a');
      }
      return members.map(({ served }) => served.length);
    } finally {
      for (const member of members) await member[Symbol.asyncDispose]();
    }
  }

  it("asks the first host first with 'given'", async () => {
    expect(await firstAsked('given', 10)).toEqual([10, 0, 0]);
  });

  it("spreads clients over all hosts with 'random'", async () => {
    // That one of three is left out 60 times in a row has a chance of less than 1 to 10,000,000,000.
    for (const count of await firstAsked('random', 60)) expect(count).toBeGreaterThan(0);
  });

  it("finds the leader with 'leader', from whichever member, and follows it to another one", async () => {
    await using cluster = await EtcdCluster.start(3, { proxy: true });
    const [seed] = await cluster.followers();
    const connect = () =>
      new EtcdClient({ hosts: (seed as EtcdMember).url, order: 'leader', sync: { interval: 100 } });
    /** Which member gets a write. */
    const askedBy = async (client: EtcdClient) => {
      const before = cluster.members.map(({ proxy }) => puts(proxy?.requests));
      await client.set('/key', 'value');
      return cluster.members.find(({ proxy }, i) => puts(proxy?.requests) > (before[i] ?? 0))?.name;
    };
    // Another one may be elected at this moment: then a new client's first write is the next to be looked at.
    await waitFor(async () => {
      await using beginner = connect();
      const { name } = await cluster.waitForLeader();
      expect(await askedBy(beginner)).toBe(name);
      return true;
    });
    await using client = connect();
    await waitFor(async () => (await askedBy(client)) === (await cluster.waitForLeader()).name);
    const leader = await cluster.waitForLeader();

    // Under load, too: answers under way from the old member must not pin it again.
    const stop = new AbortController();
    const load = Array.from({ length: 8 }, async () => {
      while (!stop.signal.aborted) await client.get('/key').catch(() => undefined);
    });
    await leader.kill();
    await waitFor(
      async () => {
        const next = await cluster.leader();
        return next !== undefined && next !== leader && (await askedBy(client)) === next.name;
      },
      { what: 'writes to the new leader' },
    );
    stop.abort();
    await Promise.all(load);
  });

  function puts(requests: ReadonlyArray<{ line: string }> = []): number {
    return requests.filter(({ line }) => line.startsWith('PUT ')).length;
  }
});
