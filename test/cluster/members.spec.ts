import { describe, expect, it } from '@jest/globals';
import { EtcdClient, type EtcdClientOptions } from 'nestjs-etcd/client';

import { EtcdCluster } from '../support/etcd-cluster.js';
import { jsonResponse } from '../support/http-stub.js';
import { patient } from '../support/patient.js';
import { freePort, waitFor } from '../support/wait-for.js';
import { FakeMember } from './fake-member.js';
import { Lines } from './lines.js';

describe('the addresses that a client knows', () => {
  it('are learned from the member list of a real cluster, refused where asked, and its seeds never forgotten', async () => {
    await using cluster = await EtcdCluster.start(3);
    // Each member has read by then what the others have published.
    await cluster.waitHealthy();
    const [seed = '', refused = '', accepted = ''] = cluster.urls;
    const afterOneCall = async (sync?: EtcdClientOptions['sync']) => {
      await using client = new EtcdClient({ hosts: seed, ...patient, ...(sync !== undefined && { sync }) });
      await client.get('/');
      return [...client.endpoints].sort();
    };
    expect(await afterOneCall()).toEqual([...cluster.urls].sort());
    expect(await afterOneCall(false)).toEqual([seed]);
    expect(await afterOneCall({ accept: (url) => url.origin !== refused })).toEqual([seed, accepted].sort());

    await using client = new EtcdClient({ hosts: seed, ...patient });
    await client.set('/key', 'value');
    await Promise.all(cluster.members.map((member) => member.kill()));
    await expect(client.get('/key', { timeout: 1_800 })).rejects.toMatchObject({ code: 'ETCD_CONNECTION' });
    // A member of three serves nobody before it has found a second one.
    await Promise.all(cluster.members.slice(0, 2).map((member) => member.restart()));
    expect((await client.get('/key')).node.value).toBe('value');
    expect([...client.endpoints].sort()).toEqual([...cluster.urls].sort());
  });

  it('keep a configured one that the member list does not name', async () => {
    await using other = await FakeMember.start();
    await using member = await FakeMember.start({ advertised: () => [other.url] });
    await using client = new EtcdClient({ hosts: member.url });
    await client.get('/a');
    expect(client.endpoints).toEqual([member.url, other.url]);
  });

  it('lose a learned one that is advertised no longer, and end nothing else', async () => {
    await using first = await FakeMember.start();
    await using second = await FakeMember.start();
    let advertised = [first.url];
    await using member = await FakeMember.start({ advertised: () => advertised });
    await using client = new EtcdClient({ hosts: member.url, sync: { interval: 20 } });
    await client.get('/a');
    expect(client.endpoints).toEqual([member.url, first.url]);
    advertised = [second.url];
    await waitFor(() => client.endpoints.includes(second.url));
    expect(client.endpoints).toEqual([member.url, second.url]);
  });

  it('lose one that is at work only when its work is done', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    await using seed = await FakeMember.start({ keys: () => jsonResponse(503, {}) });
    await using learned = await FakeMember.start({ advertised: () => [seed.url, learned.url] });
    seed.change({ advertised: () => [learned.url] });
    const hosts = { hosts: seed.url, order: 'given', sync: { interval: 20 } } as const;
    await using client = new EtcdClient({ ...hosts, ...patient });
    await client.get('/a');

    learned.change({
      keys: async ({ method }) => {
        if (method === 'PUT') await released;
        return learned.node(6);
      },
    });
    const writing = client.set('/a', 'v');
    await waitFor(() => learned.served.includes('PUT /v2/keys/a'));
    // Both say so, or the next one that is asked would bring it back.
    for (const member of [seed, learned]) member.change({ advertised: () => [seed.url] });
    await waitFor(() => !client.endpoints.includes(learned.url));
    release();
    expect((await writing).etcdIndex).toBe(6);
    await waitFor(() => learned.stub.openConnections === 0);
  });

  it('stay as they are when the list is empty, broken or of an error', async () => {
    await using known = await FakeMember.start();
    await using member = await FakeMember.start({ advertised: () => [known.url] });
    await using client = new EtcdClient({ hosts: member.url, sync: { interval: 20 } });
    await client.get('/a');
    for (const body of ['', '[]', '{"members":7}', '{"members":[{"clientURLs":"x"},null]}', '<html>']) {
      const seen = member.stub.requests.length;
      member.stub.handler = () =>
        `HTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: cafe\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      await waitFor(() => member.stub.requests.length > seen + 1);
      expect(client.endpoints).toEqual([member.url, known.url]);
    }
  });

  it('take up no advertised address that cannot be one of the cluster', async () => {
    const useless = [
      'http://localhost:2379',
      'http://[::1]:2379',
      'http://0.0.0.0:2379',
      'http://169.254.169.254:80',
      'http://[fe80::1]:2379',
      'http://224.0.0.1:2379',
      'https://127.0.0.1:2379',
      'file:///etc/passwd',
      'unix://etcd.sock',
      'http://user:password@127.0.0.1:2379',
      'http://127.0.0.1:2379/path',
      'http://127.0.0.1:2379/?query',
      'no address at all',
      '',
    ];
    await using member = await FakeMember.start({ advertised: () => useless });
    await using client = new EtcdClient({ hosts: member.url });
    await client.get('/a');
    expect(client.endpoints).toEqual([member.url]);
    // The control: an address that can be one is taken up beside them.
    const good = `http://127.0.0.1:${await freePort()}`;
    useless.push(good);
    await using another = new EtcdClient({ hosts: member.url });
    await another.get('/a');
    expect(another.endpoints).toEqual([member.url, good]);
  });

  it('leave out what a filter refuses by throwing, and say so once', async () => {
    const lines = new Lines();
    await using member = await FakeMember.start({ advertised: () => ['http://127.0.0.1:9'] });
    await using client = new EtcdClient({
      hosts: member.url,
      logger: lines,
      ...patient,
      sync: {
        interval: 20,
        accept: () => {
          throw new Error('a bug');
        },
      },
    });
    await client.get('/a');
    await waitFor(() => member.hellos > 5);
    expect(client.endpoints).toEqual([member.url]);
    expect(lines.all).toEqual([expect.stringMatching(/^warn .*127\.0\.0\.1:9 is not used: .*accept.*a bug/)]);
  });

  it('drop an advertised one of another cluster before it gets a request, and say so once', async () => {
    const lines = new Lines();
    await using foreign = await FakeMember.start({ clusterId: 'beef' });
    await using nameless = await FakeMember.start();
    nameless.stub.handler = () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}';
    await using member = await FakeMember.start({ advertised: () => [foreign.url, nameless.url] });
    await using client = new EtcdClient({
      hosts: member.url,
      auth: { username: 'u', password: 'secret' },
      logger: lines,
      ...patient,
    });
    await client.set('/a', '1');
    const answer = member.stub.handler;
    for (let i = 0; i < 3; i++) {
      // The member fails, so that the others are asked, and is back in time for the rest of the call.
      member.stub.handler = () => 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n';
      const read = client.get('/a');
      await waitFor(() => lines.with('is not used').length === 2);
      member.stub.handler = answer;
      await read;
    }
    expect(lines.with('is not used')).toHaveLength(2);
    for (const decoy of [foreign, nameless]) {
      expect(decoy.served).toEqual([]);
      expect(JSON.stringify(decoy.stub.requests)).not.toContain('authorization');
    }
    expect(JSON.stringify(member.stub.requests)).toContain('authorization');
  });
});
