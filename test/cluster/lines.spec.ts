import { describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { patient } from '../support/patient.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait-for.js';
import { FakeMember } from './fake-member.js';
import { Lines } from './lines.js';

/** Three members, each behind a proxy that can be shut. */
class Trio implements AsyncDisposable {
  private constructor(
    readonly members: FakeMember[],
    readonly proxies: TcpProxy[],
  ) {}

  static async start(): Promise<Trio> {
    const members = [await FakeMember.start(), await FakeMember.start(), await FakeMember.start()];
    return new Trio(members, await Promise.all(members.map(({ url }) => TcpProxy.start(url))));
  }

  get urls(): string[] {
    return this.proxies.map(({ url }) => url);
  }

  async shut(...which: number[]): Promise<void> {
    for (const i of which) {
      await this.proxies[i]?.refuse();
      this.proxies[i]?.reset();
    }
  }

  async open(...which: number[]): Promise<void> {
    for (const i of which) await this.proxies[i]?.accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.proxies) await proxy.stop();
    for (const member of this.members) await member[Symbol.asyncDispose]();
  }
}

describe('the lines that a client logs', () => {
  it('are one when the only member is lost and one when it is back, whatever fails in between', async () => {
    await using member = await FakeMember.start();
    await using proxy = await TcpProxy.start(member.url);
    const logger = new Lines();
    await using client = new EtcdClient({ hosts: proxy.url, sync: false, logger, ...patient });
    await client.get('/a');
    for (let round = 1; round <= 2; round++) {
      await proxy.refuse();
      proxy.reset();
      const calls = Array.from({ length: 20 }, () => client.get('/a', { timeout: 1_800 }));
      for (const end of await Promise.allSettled(calls)) expect(end.status).toBe('rejected');
      await proxy.accept();
      await client.get('/a');
      expect(logger.with('error The etcd cluster is lost')).toHaveLength(round);
      expect(logger.with('log The etcd cluster is back')).toHaveLength(round);
      expect(logger.all).toHaveLength(2 * round);
    }
  });

  it('tell the loss of one member of several, and its return, also when no call comes to it', async () => {
    await using trio = await Trio.start();
    const [first = ''] = trio.urls;
    const logger = new Lines();
    const keeping = { order: 'given', logger, sync: { interval: 50 } } as const;
    await using client = new EtcdClient({ hosts: trio.urls, ...keeping, ...patient });
    await client.get('/a');
    await trio.shut(0);
    for (let i = 0; i < 20; i++) await client.get('/a');
    await waitFor(() => logger.all.length > 0);
    await trio.open(0);
    await waitFor(() => logger.all.length > 1);
    expect(logger.all).toEqual([
      expect.stringMatching(`^warn The etcd member ${first} is lost: `),
      `log The etcd member ${first} is back.`,
    ]);
  });

  it('tell the loss of all members once, and each return', async () => {
    await using trio = await Trio.start();
    const logger = new Lines();
    const keeping = { order: 'given', logger, sync: { interval: 50 } } as const;
    await using client = new EtcdClient({ hosts: trio.urls, ...keeping, ...patient });
    await client.get('/a');
    await trio.shut(0, 1, 2);
    const calls = Array.from({ length: 10 }, () => client.get('/a', { timeout: 3_000 }));
    for (const end of await Promise.allSettled(calls)) expect(end.status).toBe('rejected');
    expect(logger.all.map((line) => line.split(' ', 4).join(' '))).toEqual([
      'warn The etcd member',
      'warn The etcd member',
      'error The etcd cluster',
    ]);
    await trio.open(0, 1, 2);
    await waitFor(() => logger.with('is back').length === 3);
    expect(logger.with('The etcd cluster is back')).toHaveLength(1);
    expect(logger.all).toHaveLength(6);
  });

  it('do not call the cluster lost while a member that was lost before may be back', async () => {
    await using trio = await Trio.start();
    await trio.shut(2);
    const logger = new Lines();
    // No look at the member list: nothing but calls tells this client that the first member is back.
    await using client = new EtcdClient({
      hosts: trio.urls.slice(0, 2),
      order: 'given',
      logger,
      sync: false,
      ...patient,
    });
    await client.get('/a');
    await trio.shut(0);
    await client.get('/a');
    await waitFor(() => logger.with('is lost').length === 1);
    await trio.open(0);
    await client.get('/a');
    await trio.shut(1);
    await client.get('/a');
    expect(logger.with('cluster')).toEqual([]);
    expect(logger.with('is back')).toHaveLength(1);
  });
});
