import { describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdRedirectError } from 'nestjs-etcd/client';

import { type StubHandler } from '../support/http-stub.js';
import { patient } from '../support/patient.js';
import { freePort } from '../support/wait-for.js';
import { FakeMember } from './fake-member.js';

function redirectTo(url: () => string, status = 307): StubHandler {
  return ({ path }) =>
    `HTTP/1.1 ${status} Redirect\r\nX-Etcd-Cluster-Id: cafe\r\nLocation: ${url()}${path}\r\nContent-Length: 0\r\n\r\n`;
}

describe('a redirect', () => {
  it('to a known member is followed with method, body, query and credentials, and the member kept', async () => {
    await using leader = await FakeMember.start();
    await using follower = await FakeMember.start({ keys: redirectTo(() => leader.url) });
    await using client = new EtcdClient({
      hosts: [follower.url, leader.url],
      order: 'given',
      auth: { username: 'u', password: 'p' },
      ...patient,
    });
    await client.set('/a', 'a value', { ttl: 5 });
    await client.delete('/b', { recursive: true });
    await client.append('/c', 'x');
    expect(follower.served).toEqual(['PUT /v2/keys/a']);
    expect(leader.served).toEqual(['PUT /v2/keys/a', 'DELETE /v2/keys/b?recursive=true', 'POST /v2/keys/c']);
    const put = leader.stub.requests.find(({ method }) => method === 'PUT');
    expect(put?.body).toBe('value=a%20value&ttl=5');
    expect(put?.headers).toMatchObject({
      authorization: expect.stringMatching(/^Basic /),
      'content-type': 'application/x-www-form-urlencoded',
    });
  });

  for (const status of [301, 302, 303, 307, 308]) {
    it(`with ${status} to an address that is no known member is an error, and nothing goes there`, async () => {
      await using decoy = await FakeMember.start();
      await using member = await FakeMember.start({ keys: redirectTo(() => decoy.url, status) });
      await using client = new EtcdClient({
        hosts: member.url,
        auth: { username: 'u', password: 'p' },
        ...patient,
      });
      await expect(client.set('/a', 'secret')).rejects.toBeInstanceOf(EtcdRedirectError);
      await expect(client.get('/a')).rejects.toMatchObject({ status, mayHaveBeenApplied: false });
      expect(decoy.stub.connections).toBe(0);
    });
  }

  it('to a known member but another path is an error', async () => {
    await using other = await FakeMember.start();
    await using member = await FakeMember.start({
      keys: () =>
        `HTTP/1.1 307 Redirect\r\nX-Etcd-Cluster-Id: cafe\r\nLocation: ${other.url}/v2/keys/b\r\nContent-Length: 0\r\n\r\n`,
    });
    await using client = new EtcdClient({ hosts: [member.url, other.url], order: 'given', ...patient });
    await expect(client.set('/a', '1')).rejects.toBeInstanceOf(EtcdRedirectError);
    expect(other.served).toEqual([]);
  });

  it('in a circle ends', async () => {
    await using first = await FakeMember.start({ keys: redirectTo(() => second.url) });
    await using second = await FakeMember.start({ keys: redirectTo(() => first.url) });
    await using client = new EtcdClient({ hosts: [first.url, second.url], order: 'given', ...patient });
    await expect(client.set('/a', '1')).rejects.toThrow(/circle/);
    expect(first.served.length + second.served.length).toBeLessThanOrEqual(7);
  });

  it('to a member that is down is taken up again after each pause, until the deadline', async () => {
    const down = `http://127.0.0.1:${await freePort()}`;
    await using member = await FakeMember.start({ keys: redirectTo(() => down) });
    await using client = new EtcdClient({
      hosts: [member.url, down],
      order: 'given',
      ...patient,
      timeout: 1_500,
    });
    const error = await client.set('/a', '1').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ETCD_CONNECTION', mayHaveBeenApplied: false });
    expect(error).toMatchObject({
      attempts: expect.arrayContaining([{ endpoint: down, outcome: 'ECONNREFUSED' }]),
    });
    expect(member.served.length).toBeLessThanOrEqual(8);
  });
});
