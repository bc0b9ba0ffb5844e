import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdConflictError, EtcdForbiddenError, EtcdNotFoundError } from 'nestjs-etcd/client';

import { EtcdCluster } from '../support/etcd-cluster.js';
import { patient } from '../support/patient.js';
import { freePort, waitFor } from '../support/wait-for.js';

describe('Members, statistics and health of a cluster', () => {
  let cluster: EtcdCluster;
  let etcd: EtcdClient;
  beforeAll(async () => {
    cluster = await EtcdCluster.start();
    await cluster.waitHealthy();
    etcd = new EtcdClient({ hosts: cluster.urls, ...patient });
  });
  afterAll(async () => {
    await etcd.close();
    await cluster.stop();
  });

  const ask = async (path: string) =>
    JSON.parse((await cluster.live[0]?.request(path))?.body ?? '') as unknown;

  /** Looks until all holds at once: a leader that stands still for a second is replaced. */
  const settled = (look: () => Promise<void>) =>
    waitFor(() => look().then(() => true), { timeout: 20_000, what: 'what etcd says' });

  it('lists the members as etcd does', async () => {
    const members = await etcd.members.list();
    expect({ members }).toEqual(await ask('/v2/members'));
    expect(members.map(({ name }) => name).toSorted()).toEqual(['m0', 'm1', 'm2']);
    expect(members.flatMap(({ clientURLs }) => clientURLs).toSorted()).toEqual(cluster.urls.toSorted());
  });

  it('names the machines', async () => {
    expect((await etcd.machines()).toSorted()).toEqual(cluster.urls.toSorted());
  });

  it('names the leader, whichever member is asked', async () => {
    for (const hosts of cluster.urls) {
      await using one = new EtcdClient({ hosts, sync: false, ...patient });
      await settled(async () => {
        expect((await one.leader()).name).toBe((await cluster.waitForLeader()).name);
        expect(await one.members.leader()).toEqual(await ask('/v2/members/leader'));
      });
    }
  });

  it('gives the versions', async () => {
    const { server, cluster: agreed } = await etcd.version();
    expect({ etcdserver: server, etcdcluster: agreed }).toEqual(await ask('/version'));
    expect(server).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('asks every member for its health', async () => {
    const { healthy, members } = await etcd.health();
    expect(healthy).toBe(true);
    expect(members.map(({ endpoint }) => endpoint).toSorted()).toEqual(cluster.urls.toSorted());
    expect(members.every((member) => member.healthy && member.reason === undefined)).toBe(true);
  });

  it('gives what a member says of itself', async () => {
    await settled(async () => {
      const follower = (await cluster.followers())[0];
      if (follower === undefined) throw new Error('The cluster has no follower.');
      await using one = new EtcdClient({ hosts: follower.url, sync: false, ...patient });
      const self = await one.stats.self();
      expect(self).toMatchObject({
        name: follower.name,
        state: 'StateFollower',
        leaderInfo: { leader: (await etcd.leader()).id },
      });
      expect(Date.parse(self.startTime)).toBeLessThan(Date.now());
      expect(self.leaderInfo.uptime).toMatch(/s$/);
      expect(self.recvAppendRequestCnt).toBeGreaterThan(0);
    });
  });

  it('finds the leader’s statistics from a follower', async () => {
    await settled(async () => {
      const { id } = await etcd.leader();
      const followers = (await etcd.members.list()).filter((member) => member.id !== id);
      for (const { clientURLs } of followers) {
        await using one = new EtcdClient({ hosts: [...clientURLs], order: 'given', ...patient });
        const { leader, followers: seen } = await one.stats.leader();
        expect(leader).toBe(id);
        expect(Object.keys(seen).toSorted()).toEqual(followers.map((member) => member.id).toSorted());
        for (const { latency, counts } of Object.values(seen)) {
          expect(latency.maximum).toBeGreaterThanOrEqual(latency.minimum);
          expect(counts.success).toBeGreaterThan(0);
        }
      }
    });
  });

  it('rejects with what the follower said when no other member may be asked', async () => {
    const [follower] = await cluster.followers();
    await using alone = new EtcdClient({ hosts: follower?.url ?? '', sync: false });
    const error = await alone.stats.leader({ timeout: 2_000 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EtcdForbiddenError);
    expect(error).toMatchObject({ status: 403 });
  });

  it('counts the operations of one store', async () => {
    await using one = new EtcdClient({ hosts: cluster.urls[0] ?? '', sync: false, ...patient });
    const before = await one.stats.store();
    await one.set('/counted', '1');
    await one.compareAndSwap('/counted', '2', { prevValue: '1' });
    await one.delete('/counted');
    const after = await one.stats.store();
    expect(after.setsSuccess - before.setsSuccess).toBe(1);
    expect(after.compareAndSwapSuccess - before.compareAndSwapSuccess).toBe(1);
    expect(after.deleteSuccess - before.deleteSuccess).toBe(1);
    expect(after.watchers).toBe(0);
    expect(Object.values(after).every(Number.isSafeInteger)).toBe(true);
  });

  it('adds, changes and removes a member', async () => {
    const url = async () => `http://127.0.0.1:${await freePort()}`;
    const peerURL = await url();
    // etcd refuses changes for some seconds after a start.
    const added = await waitFor(() => etcd.members.add(peerURL), {
      timeout: 20_000,
      interval: 500,
      what: 'the addition',
    });
    expect(added).toMatchObject({ name: '', peerURLs: [peerURL], clientURLs: [] });
    expect((await etcd.members.list()).map(({ id }) => id)).toContain(added.id);

    const moved = [await url(), await url()];
    await etcd.members.update(added.id, moved);
    const isMoved = async () =>
      String((await etcd.members.list()).find(({ id }) => id === added.id)?.peerURLs.toSorted()) ===
      String(moved.toSorted());
    await waitFor(isMoved, { what: 'the update' });
    const taken = (await etcd.members.list()).find(({ id }) => id !== added.id);
    await expect(etcd.members.update(added.id, taken?.peerURLs ?? [])).rejects.toBeInstanceOf(
      EtcdConflictError,
    );

    await etcd.members.remove(added.id);
    const again = await etcd.members.remove(added.id).catch((reason: unknown) => reason);
    expect(again).toBeInstanceOf(EtcdNotFoundError);
    expect(again).toMatchObject({ status: 410 });
    expect(await etcd.members.list()).toHaveLength(3);
    const conflict = await etcd.members.add(taken?.peerURLs ?? []).catch((reason: unknown) => reason);
    expect(conflict).toBeInstanceOf(EtcdConflictError);
    expect(conflict).toMatchObject({ status: 409, mayHaveBeenApplied: false });
    for (const call of [() => etcd.members.remove('abc'), () => etcd.members.update('abc', peerURL)])
      await expect(call()).rejects.toMatchObject({ code: 'ETCD_NOT_FOUND', status: 404 });
  });

  it('tells the loss of the quorum, and of time: what has expired lives on with a negative TTL', async () => {
    const [survivor, ...others] = cluster.members;
    if (survivor === undefined) throw new Error('The cluster has no member.');
    await using one = new EtcdClient({ hosts: survivor.url, sync: false, ...patient });
    // Through the survivor, which has it then.
    await one.set('/overdue', 'v', { ttl: 4 });
    await Promise.all(others.map((member) => member.kill()));
    const overdue = await waitFor(
      async () => {
        const { node } = await one.get('/overdue');
        return (node.ttl ?? 0) < 0 ? node : undefined;
      },
      { what: 'a negative TTL' },
    );
    expect(overdue).toMatchObject({ value: 'v' });
    expect(Date.parse(overdue.expiration ?? '')).toBeLessThan(Date.now());

    const { healthy, members } = await etcd.health();
    expect(healthy).toBe(false);
    expect(members).toHaveLength(3);
    expect(members.find(({ endpoint }) => endpoint === survivor.url)?.reason).toBe('no quorum or no leader');
    const linear = one.get('/overdue', { quorum: true, timeout: 500 });
    await expect(linear).rejects.toMatchObject({ mayHaveBeenApplied: false });
    await waitFor(
      async () => (await one.leader({ timeout: 1_000 }).catch((error: { code: string }) => error.code)) === 'ETCD_ELECTION_IN_PROGRESS',
      { what: 'the election' },
    ); // prettier-ignore
  });
});
