import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, type EtcdNamedLock } from 'nestjs-etcd/client';

import { CuttingProxy } from '../faults/cutting-proxy.js';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';

describe('The requests of a lock', () => {
  let member: EtcdMember;
  let proxy: CuttingProxy;
  let client: EtcdClient;
  beforeAll(async () => {
    member = await EtcdMember.start();
    proxy = await CuttingProxy.start(member.url, () => undefined);
    client = new EtcdClient({ hosts: proxy.url, sync: false, ...patient });
    // The first write of a client comes after a proof of the cluster.
    await client.set('/first', 'v');
  });
  afterAll(async () => {
    await client.close();
    await proxy[Symbol.asyncDispose]();
    await member.stop();
  });

  /** The requests since the last call. */
  const requests = () => proxy.requests.splice(0);
  const path = '/v2/keys/_locks/short';
  /** How many watches etcd has registered. */
  const watches = async () => {
    const { body } = await member.request('/v2/stats/store');
    return (JSON.parse(body) as { watchers: number }).watchers;
  };

  it.each<[string, (lock: EtcdNamedLock) => Promise<{ key: string }>]>([
    [
      'acquire and release',
      async (lock) => {
        const held = await lock.acquire({ wait: 5_000 });
        await held.release();
        return held;
      },
    ],
    [
      'tryAcquire and release',
      async (lock) => {
        await using held = await lock.tryAcquire();
        return { key: held?.key ?? '' };
      },
    ],
    ['run', (lock) => lock.run(({ key }) => ({ key }))],
  ])('that nobody else wants are three: %s', async (_, use) => {
    requests();
    const { key } = await use(client.lock('short'));
    expect(requests()).toEqual([
      `POST ${path}`,
      `GET ${path}?quorum=true`,
      // Never without a condition, which keeps it from what another one has written.
      expect.stringMatching(new RegExp(`^DELETE /v2/keys${key}\\?.*prev(Value|Index)=[1-9a-f]`)),
    ]);
  });

  it('that others have are three too, where it is not waited for', async () => {
    await using holder = new EtcdClient({ hosts: member.url, sync: false, ...patient });
    const held = await holder.lock('short').acquire();
    requests();
    expect(await client.lock('short').tryAcquire()).toBeUndefined();
    // It does not wait for long until its entry is removed.
    await waitFor(() => proxy.requests.length >= 3, { what: 'three requests' });
    expect(requests().map((line) => line.split(/[?0]/)[0])).toEqual([
      `POST ${path}`,
      `GET ${path}`,
      `DELETE ${path}/`,
    ]);
    await held.release();
  });

  it('are none before it is used', async () => {
    requests();
    client.lock('unused');
    client.election('unused');
    client.registry('unused');
    await client.get('/first');
    expect(requests()).toEqual(['GET /v2/keys/first']);
  });

  it.each([5, 20, 60])('are two for each hand-over among %i waiters of one process', async (count) => {
    const name = `crowd-${count}`;
    const queue = `/v2/keys/_locks/${name}`;
    await using holder = new EtcdClient({ hosts: member.url, sync: false, ...patient });
    const held = await holder.lock(name, { ttl: 60 }).acquire();
    const lock = client.lock(name, { ttl: 60 });
    let inside = 0;
    const waiting = Array.from({ length: count }, () =>
      lock.run(async () => {
        expect(++inside).toBe(1);
        await Promise.resolve();
        inside--;
      }),
    );
    // All have come, and share the watch of the queue.
    const isWatched = () => proxy.requests.some((line) => line.startsWith(`GET ${queue}?wait=true`));
    const isSettled = async () => isWatched() && (await watches()) <= 2;
    await waitFor(async () => (await lock.waiters()).length === count && (await isSettled()), {
      what: 'the crowd',
    });
    requests();
    await held.release();
    await Promise.all(waiting);
    const all = requests();
    const reads = all.filter((line) => line === `GET ${queue}?quorum=true`);
    const releases = all.filter((line) => line.startsWith(`DELETE ${queue}/`));
    expect(releases).toHaveLength(count);
    expect(reads.length).toBeGreaterThanOrEqual(count);
    // A waiter may look once more where its watch began while the one before it left.
    expect(reads.length).toBeLessThanOrEqual(count + 2);
    // And nobody opens a watch of its own for a hand-over.
    expect(all.length - reads.length - releases.length).toBeLessThanOrEqual(5);
  });
});
