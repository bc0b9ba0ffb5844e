import { expect } from '@jest/globals';
import {
  EtcdClient,
  EtcdDiscoveryError,
  type EtcdError,
  EtcdIndeterminateError,
  EtcdOptionsError,
} from 'nestjs-etcd/client';

import { DnsServer } from '../../support/dns-server.js';
import { HttpStub, jsonResponse } from '../../support/http-stub.js';
import { withTls, type RowTests } from '../world.js';

/** The addresses of a client that was given some hosts. */
async function endpointsOf(hosts: string | string[]): Promise<readonly string[]> {
  await using etcd = new EtcdClient({ hosts });
  return etcd.endpoints;
}

export const constructorRows: RowTests = {
  'Client(host)': async ({ member }) => {
    const { host } = new URL(member.url);
    for (const hosts of [member.url, host, [member.url], [host, 'http://127.0.0.1:1']]) {
      await using etcd = new EtcdClient({ hosts, order: 'given' });
      expect(await etcd.exists('/')).toBe(true);
    }
  },
  'Client(port)': async () => {
    expect(await endpointsOf('10.0.0.1')).toEqual(['http://10.0.0.1:2379']);
    expect(await endpointsOf('10.0.0.1:4001')).toEqual(['http://10.0.0.1:4001']);
    expect(await endpointsOf(['[::1]:4001'])).toEqual(['http://[::1]:4001']);
  },
  'Client(srv_domain)': async ({ member }) => {
    await using dns = await DnsServer.start();
    await using etcd = new EtcdClient({ srv: { domain: 'x.test', servers: [dns.address] } });
    await expect(etcd.get('/')).rejects.toBeInstanceOf(EtcdDiscoveryError);
    expect(etcd.endpoints).toEqual([]);
    dns.setSrv('_etcd._tcp.x.test', [{ target: '127.0.0.1', port: Number(new URL(member.url).port) }]);
    await using found = new EtcdClient({ srv: { domain: 'x.test', servers: [dns.address] } });
    expect(await found.exists('/')).toBe(true);
    expect(dns.queries.map(({ name }) => name)).toContain('_etcd-client-ssl._tcp.x.test');
  },
  'Client(version_prefix)': async () => {
    await using stub = await HttpStub.start(() =>
      jsonResponse(200, { action: 'get', node: { key: '/k', value: 'v' } }),
    );
    await using etcd = new EtcdClient({ hosts: `${stub.url}/etcd` });
    await etcd.get('/k');
    expect(stub.requests.at(-1)?.path).toBe('/etcd/v2/keys/k');
  },
  'Client(read_timeout)': async () => {
    await using stub = await HttpStub.start(() => new Promise<never>(() => undefined));
    await using etcd = new EtcdClient({ hosts: stub.url, timeout: 300, tryTimeout: 100 });
    const start = performance.now();
    const error = await etcd.get('/k').catch((reason: unknown) => reason);
    expect((error as EtcdError).attempts[0]?.outcome).toContain('100 ms');
    // By default, it would be 5 s.
    expect(performance.now() - start).toBeLessThan(4_000);
  },
  'Client(allow_redirect)': async () => {
    await using decoy = await HttpStub.start(() => jsonResponse(200, {}));
    await using stub = await HttpStub.start(({ path }) =>
      path === '/v2/members'
        ? jsonResponse(200, { members: [] })
        : jsonResponse(307, {}, { Location: decoy.url + path }),
    );
    await using etcd = new EtcdClient({ hosts: stub.url, auth: { username: 'u', password: 'p' } });
    await expect(etcd.set('/k', 'v')).rejects.toMatchObject({ code: 'ETCD_REDIRECT' });
    expect(decoy.connections).toBe(0);
  },
  'Client(protocol)': async () => {
    await withTls(async (url, { ca }, { cert, key }) => {
      const tls = { ca: ca.cert, cert, key };
      for (const hosts of [url, new URL(url).host]) {
        await using etcd = new EtcdClient({ hosts, tls });
        expect(await etcd.exists('/')).toBe(true);
      }
    });
  },
  'Client(cert)': async () => {
    await withTls(async (hosts, { ca }, { certFile, keyFile, cert, key }) => {
      for (const pair of [
        { cert: certFile, key: keyFile },
        { cert: Buffer.from(cert), key },
      ]) {
        await using etcd = new EtcdClient({ hosts, tls: { ca: ca.cert, ...pair } });
        expect(await etcd.exists('/')).toBe(true);
      }
    });
  },
  'Client(ca_cert)': async () => {
    await withTls(async (hosts, { ca }, { cert, key }) => {
      await using etcd = new EtcdClient({ hosts, tls: { ca: ca.certFile, cert, key } });
      expect(await etcd.exists('/')).toBe(true);
      await using without = new EtcdClient({ hosts, tls: { cert, key }, timeout: 2_000 });
      await expect(without.get('/')).rejects.toMatchObject({ code: 'ETCD_CONNECTION' });
      await using careless = new EtcdClient({ hosts, tls: { cert, key, rejectUnauthorized: false } });
      expect(await careless.exists('/')).toBe(true);
    });
  },
  'Client(username)': () => {
    expect(() => new EtcdClient({ auth: { username: 'u' } as never })).toThrow(EtcdOptionsError);
  },
  'Client(password)': async () => {
    await using stub = await HttpStub.start(() => jsonResponse(200, { action: 'get', node: {} }));
    await using etcd = new EtcdClient({ hosts: stub.url, auth: { username: 'u', password: 'pé' } });
    await etcd.get('/');
    const [, encoded = ''] = stub.requests.at(-1)?.headers['authorization']?.split(' ') ?? [];
    expect(Buffer.from(encoded, 'base64').toString('utf8')).toBe('u:pé');
  },
  'Client(allow_reconnect)': async (world) => {
    // A server that hangs up on everything but the question who it is.
    await using broken = await HttpStub.start(({ path }) =>
      path === '/v2/members' ? jsonResponse(200, { members: [] }) : Promise.reject(new Error('no answer')),
    );
    await world.with({ hosts: [broken.url, world.member.url], order: 'given', sync: false }, async (etcd) => {
      expect(await etcd.exists('/')).toBe(true);
    });
    const key = world.key();
    await world.with({ hosts: [broken.url, world.member.url], order: 'given', sync: false }, async (etcd) => {
      await expect(etcd.append(key, 'v')).rejects.toBeInstanceOf(EtcdIndeterminateError);
    });
    expect(await world.etcd.exists(key)).toBe(false);
  },
  'Client(use_proxies)': async (world) => {
    const direct = world.member.directUrl;
    await world.with({ hosts: direct, sync: false }, async (etcd) => {
      await etcd.get('/');
      expect(etcd.endpoints).toEqual([direct]);
    });
    await world.with({ hosts: direct }, async (etcd) => {
      await etcd.get('/');
      expect(etcd.endpoints).toEqual(expect.arrayContaining([direct, world.member.url]));
    });
  },
  'Client(expected_cluster_id)': async (world) => {
    const key = world.key();
    await world.with({ clusterId: 'abc' }, async (etcd) => {
      for (let i = 0; i < 2; i++)
        await expect(etcd.set(key, 'v')).rejects.toMatchObject({
          code: 'ETCD_CLUSTER_ID_CHANGED',
          mayHaveBeenApplied: false,
        });
    });
    expect(await world.etcd.exists(key)).toBe(false);
  },
  'Client(per_host_pool_size)': async (world) => {
    const opened = async (connections: number) => {
      const before = world.member.proxy?.connections ?? 0;
      await world.with({ connections }, async (etcd) => {
        await Promise.all(Array.from({ length: 20 }, () => etcd.get('/')));
      });
      return (world.member.proxy?.connections ?? 0) - before;
    };
    // One more is kept for the question whether the member is alive.
    expect(await opened(1)).toBeLessThanOrEqual(2);
    expect(await opened(32)).toBeGreaterThan(2);
  },
};
