import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { EmbeddedEtcd, type EmbeddedCluster, ManualClock } from '../../lib/testing/index.js';
import { rawRequest } from '../support/raw-request.js';
import { waitFor } from '../support/wait-for.js';
import { Wire } from './wire.js';

const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const get = (server: EmbeddedEtcd, path: string) => rawRequest(`${server.url}${path}`);
const put = (server: EmbeddedEtcd, path: string, body = '') =>
  rawRequest(`${server.url}${path}`, { method: 'PUT', headers: form, body });

describe('a cluster of embedded servers', () => {
  let clock: ManualClock;
  let cluster: EmbeddedCluster;
  let m: readonly [EmbeddedEtcd, EmbeddedEtcd, EmbeddedEtcd];
  const start = async (electionTimeout = 0): Promise<void> => {
    clock = new ManualClock();
    cluster = await EmbeddedEtcd.cluster(3, { clock, electionTimeout });
    m = cluster.members as unknown as typeof m;
  };
  beforeEach(() => start());
  afterEach(() => cluster.stop());

  it('begins at an index that counts its members, and names them all', async () => {
    expect(m.map(({ index }) => index)).toEqual([7, 7, 7]);
    const { members } = JSON.parse((await get(m[1], '/v2/members')).body) as { members: { id: string }[] };
    expect(members.map(({ id }) => id).toSorted()).toEqual(m.map(({ id }) => id).toSorted());
    expect((await get(m[2], '/v2/machines')).body).toBe(cluster.urls.toSorted().join(', '));
    expect(m[0].clientURLs).toEqual(cluster.urls.toSorted());
    const leader = JSON.parse((await get(m[2], '/v2/members/leader')).body) as { id: string };
    expect(leader.id).toBe(m[0].id);
    expect(JSON.parse((await get(m[0], '/v2/stats/leader')).body)).toMatchObject({ leader: m[0].id });
    expect(await get(m[1], '/v2/stats/leader')).toMatchObject({
      status: 403,
      body: '{"message":"not current leader"}',
    });
  });

  it('agrees upon each change', async () => {
    await put(m[0], '/v2/keys/a', 'value=1');
    await put(m[2], '/v2/keys/b', 'value=2');
    for (const server of m) {
      expect((await get(server, '/v2/keys/?sorted=true')).body).toContain('"/a","value":"1"');
      expect(server.index).toBe(9);
    }
    expect((await put(m[1], '/v2/keys/a?prevExist=false')).status).toBe(412);
    expect(m.map(({ index }) => index)).toEqual([9, 9, 9]);
  });

  it('goes on without a minority, which catches up when it is back', async () => {
    await m[0].stop();
    expect(cluster.leader).toBe(m[1]);
    expect(m[1].raftTerm).toBe(3);
    expect((await put(m[2], '/v2/keys/a', 'value=1')).status).toBe(201);
    await expect(get(m[0], '/version')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await m[0].restart();
    expect((await get(m[0], '/v2/keys/a')).status).toBe(200);
    // The start of a member takes up an index.
    expect(m.map(({ index }) => index)).toEqual([9, 9, 9]);
    expect(cluster.followers).toEqual([m[0], m[2]]);
  });

  it('answers nothing but plain reads without a majority, and goes on with one', async () => {
    await put(m[1], '/v2/keys/a', 'value=1');
    await Promise.all([m[0].stop(), m[2].stop()]);
    expect((await get(m[1], '/v2/keys/a')).status).toBe(200);
    expect(await get(m[1], '/v2/members/leader')).toMatchObject({
      status: 503,
      body: '{"message":"During election"}',
    });
    expect(await get(m[1], '/health')).toMatchObject({ status: 503, body: '{"health":"false"}\n' });
    const lost = put(m[1], '/v2/keys/a', 'value=2');
    await waitFor(() => m[1].requests.length === 5, { interval: 2 });
    clock.advance(5_000);
    expect(await lost).toMatchObject({
      status: 500,
      body: '{"errorCode":300,"message":"Raft Internal Error","cause":"etcdserver: request timed out","index":0}\n',
    });
    const kept = put(m[1], '/v2/keys/a', 'value=3');
    await waitFor(() => m[1].requests.length === 6, { interval: 2 });
    await m[2].restart();
    expect(await kept).toMatchObject({ status: 200 });
    expect((await get(m[2], '/v2/keys/a')).body).toContain('"value":"3"');
  });

  it('leaves who is cut off with what it had', async () => {
    await put(m[0], '/v2/keys/a', 'value=1');
    m[2].partition();
    await put(m[0], '/v2/keys/a', 'value=2');
    expect((await get(m[2], '/v2/keys/a')).body).toContain('"value":"1"');
    const quorum = get(m[2], '/v2/keys/a?quorum=true');
    await waitFor(() => m[2].requests.length === 2, { interval: 2 });
    m[2].heal();
    expect((await quorum).body).toContain('"value":"2"');
    expect((await get(m[2], '/v2/keys/a')).body).toContain('"value":"2"');
  });

  it.each([
    ['tells watches what they missed', false],
    ['tells watches nothing after a snapshot', true],
  ])('%s', async (_, snapshot) => {
    m[2].partition();
    using wire = await Wire.open(m[2].url);
    wire.send('GET /v2/keys/a?wait=true&stream=true HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitFor(() => wire.soFar(), { interval: 2 });
    await put(m[0], '/v2/keys/a', 'value=1');
    expect(wire.soFar()?.body).toBe('');
    m[2].heal({ snapshot });
    await put(m[0], '/v2/keys/a', 'value=2');
    await waitFor(() => wire.soFar()?.body.includes('"value":"2"'), { interval: 2 });
    expect(wire.soFar()?.chunks).toHaveLength(snapshot ? 1 : 2);
    // It knows the history, all the same.
    expect((await get(m[2], '/v2/keys/a?wait=true&waitIndex=8')).body).toContain('"value":"1"');
  });

  it('takes its time to elect, and loses what is sent to a leader that is gone', async () => {
    await cluster.stop();
    await start(1_000);
    m[0].pause();
    // The others do not know yet.
    expect(JSON.parse((await get(m[1], '/v2/members/leader')).body)).toMatchObject({ id: m[0].id });
    expect(cluster.leader).toBeUndefined();
    const lost = put(m[1], '/v2/keys/a', 'value=1');
    await waitFor(() => m[1].requests.length === 2, { interval: 2 });
    clock.advance(1_000);
    expect(cluster.leader).toBe(m[1]);
    expect((await put(m[2], '/v2/keys/a', 'value=2')).status).toBe(201);
    clock.advance(6_000);
    expect((await lost).status).toBe(500);
    m[0].resume();
    expect((await get(m[0], '/v2/keys/a')).body).toContain('"value":"2"');
    expect(cluster.leader).toBe(m[1]);
  });

  it('lets keys expire everywhere, and not without a leader', async () => {
    await put(m[1], '/v2/keys/a', 'value=1&ttl=5');
    await m[0].stop();
    await m[1].stop();
    clock.advance(10_000);
    expect((await get(m[2], '/v2/keys/a')).status).toBe(200);
    await m[1].restart();
    clock.advance(500);
    expect((await get(m[2], '/v2/keys/a')).status).toBe(404);
    expect((await get(m[1], '/v2/keys/a')).status).toBe(404);
  });

  it('is led by whom it is told to be', async () => {
    m[2].lead();
    expect(cluster.leader).toBe(m[2]);
    m[1].partition();
    expect(() => m[1].lead()).toThrow('reaches a majority');
  });

  it('keeps users and begins anew in all members', async () => {
    await cluster.stop();
    cluster = await EmbeddedEtcd.cluster(3, { auth: { password: 'sécret' } });
    m = cluster.members as unknown as typeof m;
    for (const again of [false, true]) {
      if (again) cluster.resetStore();
      expect((await put(m[1], '/v2/keys/a', 'value=1')).status).toBe(401);
      const headers = { ...form, Authorization: `Basic ${Buffer.from('root:sécret').toString('base64')}` };
      const url = `${m[2].url}/v2/keys/a`;
      expect((await rawRequest(url, { method: 'PUT', headers, body: 'value=1' })).status).toBe(201);
      const role = await rawRequest(`${m[0].url}/v2/auth/roles/x`, {
        method: 'PUT',
        headers,
        body: '{"role":"x"}',
      });
      expect(role.status).toBe(201);
    }
  });

  it('begins anew in members that are away, too', async () => {
    await cluster.stop();
    cluster = await EmbeddedEtcd.cluster(3, { auth: { password: 'secret' } });
    m = cluster.members as unknown as typeof m;
    m[0].partition();
    cluster.resetStore();
    expect((await put(m[1], '/v2/keys/a', 'value=1')).status).toBe(401);
    expect((await put(m[0], '/v2/keys/a', 'value=1')).status).toBe(401);
    m[0].heal();
    expect(new Set(m.map(({ index }) => index)).size).toBe(1);
  });

  it('forgets what waits for a majority when it begins anew, or when its member ends', async () => {
    const waysToForget: (() => Promise<void>)[] = [async () => cluster.resetStore(), () => m[2].stop()];
    for (const forget of waysToForget) {
      m[2].partition();
      const { length } = m[2].requests;
      const lost = put(m[2], '/v2/keys/ghost', 'value=1').catch(() => undefined);
      await waitFor(() => m[2].requests.length > length, { interval: 2 });
      await forget();
      m[2].heal();
      await lost;
      expect((await get(m[0], '/v2/keys/ghost')).status).toBe(404);
      if (!m[2].isConnected) await m[2].restart();
    }
  });

  it('goes back in members that are away, too', async () => {
    const snapshot = cluster.snapshot();
    m[2].partition();
    await put(m[0], '/v2/keys/a', 'value=1');
    cluster.restore(snapshot);
    m[2].heal();
    expect(m.map(({ index }) => index)).toEqual([7, 7, 7]);
    for (const server of m) expect((await get(server, '/v2/keys/a')).status).toBe(404);
  });

  it('refuses a snapshot that is none, and keeps what it has', async () => {
    await put(m[0], '/v2/keys/a', 'value=1');
    const { store, auth } = cluster.snapshot();
    for (const wrong of [
      null,
      {},
      { store },
      { store: { ...store, index: Number.NaN }, auth },
      { store: { index: 5, nodes: [null] }, auth },
    ])
      expect(() => cluster.restore(wrong as never)).toThrow(TypeError);
    for (const server of m) expect((await get(server, '/v2/keys/a')).status).toBe(200);
  });

  it('does not take back who was removed', async () => {
    const { status } = await rawRequest(`${m[0].url}/v2/members/${m[2].id}`, { method: 'DELETE' });
    expect(status).toBe(204);
    await m[2].stop();
    await expect(m[2].restart()).rejects.toThrow('no member of its cluster');
    cluster.resetStore();
    await m[2].restart();
    expect(JSON.parse((await get(m[2], '/v2/members')).body)).toMatchObject({ members: { length: 3 } });
  });

  it('makes no leader of who has not been told everything', async () => {
    await cluster.stop();
    await start(1_000);
    m[2].partition();
    await put(m[0], '/v2/keys/a', 'value=1');
    clock.advance(1_000);
    m[1].partition();
    m[2].heal({ snapshot: true });
    m[2].lead();
    expect((await get(m[2], '/v2/keys/a')).status).toBe(200);
  });

  it('goes back to a snapshot, which JSON can hold', async () => {
    await put(m[0], '/v2/keys/d/%C3%A9', 'value=%E2%82%AC&ttl=60');
    await put(m[0], '/v2/keys/d/%FF', 'value=%FE');
    const { body } = await get(m[2], '/v2/keys/d?sorted=true');
    const snapshot = JSON.parse(JSON.stringify(cluster.snapshot())) as ReturnType<typeof cluster.snapshot>;
    await rawRequest(`${m[1].url}/v2/keys/d?recursive=true`, { method: 'DELETE' });
    cluster.restore(snapshot);
    for (const server of m) {
      expect(server.index).toBe(9);
      expect((await get(server, '/v2/keys/d?sorted=true')).body).toBe(body);
    }
    expect(await get(m[0], '/v2/keys/d?wait=true&waitIndex=9')).toMatchObject({ status: 400 });
    clock.advance(60_500);
    expect((await get(m[1], '/v2/keys/d/%C3%A9')).status).toBe(404);
  });
});
