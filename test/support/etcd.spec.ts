import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

import { EtcdCluster } from './etcd-cluster.js';
import { EtcdMember } from './etcd-member.js';
import { rawRequest } from './raw-request.js';
import { waitFor } from './wait-for.js';

/** A process that has ended and was not yet collected by its parent is a zombie, not a survivor. */
function isAlive(pid: number | undefined): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const put = (url: string, value: string) =>
  rawRequest(`${url}/v2/keys/greeting`, {
    method: 'PUT',
    body: `value=${value}`,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });

describe('EtcdMember', () => {
  it('serves the v2 API once started, and leaves neither process nor directory behind', async () => {
    const member = await EtcdMember.start();
    const { pid, directory } = member;
    expect(isAlive(pid)).toBe(true);
    expect((await put(member.url, 'hello')).status).toBe(201);
    expect(existsSync(directory)).toBe(true);

    await member.stop();
    await member.stop();
    expect(isAlive(pid)).toBe(false);
    expect(member.pid).toBeUndefined();
    expect(existsSync(directory)).toBe(false);
  });

  it('keeps its address and its data over a crash', async () => {
    await using member = await EtcdMember.start();
    const { url, pid } = member;
    await put(url, 'kept');
    await member.kill();
    expect(isAlive(pid)).toBe(false);
    await expect(rawRequest(`${url}/version`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });

    await member.restart();
    expect(member.url).toBe(url);
    expect((await rawRequest(`${url}/v2/keys/greeting`)).body).toContain('kept');
  });

  it('answers nothing while paused', async () => {
    await using member = await EtcdMember.start();
    member.pause();
    await expect(rawRequest(`${member.url}/version`, { timeout: 300 })).rejects.toMatchObject({
      code: 'ABORT_ERR',
    });
    member.resume();
    expect((await rawRequest(`${member.url}/version`)).status).toBe(200);
  });

  it('says what etcd said when it does not start', async () => {
    await expect(EtcdMember.start({ args: ['--no-such-flag'] })).rejects.toThrow('no-such-flag');
  });

  it('advertises the proxy in front of it', async () => {
    await using member = await EtcdMember.start({ proxy: true });
    expect(member.url).not.toBe(member.directUrl);
    expect((await rawRequest(`${member.directUrl}/v2/machines`)).body).toBe(member.url);
    await rawRequest(`${member.url}/version`);
    expect(member.proxy?.requests).toEqual([{ connection: 1, line: 'GET /version HTTP/1.1' }]);
  });
});

describe('EtcdCluster', () => {
  it('elects a new leader when its leader is killed, and takes the old one back', async () => {
    await using cluster = await EtcdCluster.start(3);
    const first = await cluster.waitForLeader();
    expect(await cluster.followers()).toHaveLength(2);
    await first.kill();
    const second = await cluster.waitForLeader();
    expect(second).not.toBe(first);
    await first.restart();
    await cluster.waitHealthy();
    expect(cluster.live).toHaveLength(3);
    for (const url of cluster.urls)
      await waitFor(async () => (await put(url, 'x')).status < 300, {
        timeout: 20_000,
        what: `a write to ${url}`,
      });
  });
});
