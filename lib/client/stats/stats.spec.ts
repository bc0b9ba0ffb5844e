import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { HttpStub, jsonResponse } from '../../../test/support/http-stub.js';
import { patient } from '../../../test/support/patient.js';
import { EtcdClient } from '../etcd-client.js';

describe('Statistics and health', () => {
  let stub: HttpStub;
  let etcd: EtcdClient;
  let reply: string;
  beforeAll(async () => {
    stub = await HttpStub.start(({ path }) =>
      path === '/v2/members' ? jsonResponse(200, { members: [] }) : reply,
    );
    etcd = new EtcdClient({ hosts: stub.url, sync: false, ...patient });
  });
  afterAll(async () => {
    await etcd.close();
    await stub.stop();
  });

  const self = {
    name: 'm0',
    id: '1f',
    state: 'StateLeader',
    startTime: '2026-01-02T03:04:05Z',
    leaderInfo: { leader: '1f' },
    recvAppendRequestCnt: 0,
    sendAppendRequestCnt: 3,
  };

  it('leaves rates out that etcd leaves out, and reads those that it sends', async () => {
    reply = jsonResponse(200, self);
    const quiet = await etcd.stats.self();
    expect(quiet).toMatchObject({
      recvPkgRate: undefined,
      leaderInfo: { leader: '1f', uptime: '', startTime: '' },
    });
    reply = jsonResponse(200, { ...self, sendPkgRate: 1.5, sendBandwidthRate: 90 });
    expect(await etcd.stats.self()).toMatchObject({ sendPkgRate: 1.5, sendBandwidthRate: 90 });
  });

  it('reads followers by their ids, whatever these are called', async () => {
    const follower = {
      latency: { current: 1, average: 1, standardDeviation: 0, minimum: 1, maximum: 2 },
      counts: { fail: 0, success: 9 },
    };
    reply = jsonResponse(200, {
      leader: '1f',
      followers: JSON.parse(`{"__proto__":${JSON.stringify(follower)}}`) as unknown,
    });
    const { followers } = await etcd.stats.leader();
    expect(Object.keys(followers)).toEqual(['__proto__']);
    expect({}).not.toHaveProperty('counts');
  });

  it.each([{ ...self, id: 5 }, { ...self, recvAppendRequestCnt: '0' }, { ...self, leaderInfo: null }, []])(
    'refuses what etcd does not send (%#)',
    async (body) => {
      reply = jsonResponse(200, body);
      await expect(etcd.stats.self()).rejects.toMatchObject({ code: 'ETCD_RESPONSE' });
      await expect(etcd.stats.store()).rejects.toMatchObject({ code: 'ETCD_RESPONSE' });
    },
  );

  it.each([
    [200, { health: 'true' }, true, undefined],
    [200, { health: true }, true, undefined],
    [200, { health: 'false' }, false, 'HTTP 200'],
    [200, [], false, 'HTTP 200'],
    [503, { health: 'false' }, false, 'no quorum or no leader'],
    [404, {}, false, 'HTTP 404'],
  ])('takes HTTP %i with %j for health %p', async (status, body, healthy, reason) => {
    reply = jsonResponse(status, body);
    const health = await etcd.health();
    expect(health.healthy).toBe(healthy);
    expect(health.members).toEqual([
      { endpoint: stub.url, healthy, ...(reason !== undefined && { reason }) },
    ]);
  });
});
