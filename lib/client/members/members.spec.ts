import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { HttpStub, jsonResponse } from '../../../test/support/http-stub.js';
import { patient } from '../../../test/support/patient.js';
import { EtcdClient } from '../etcd-client.js';

describe('EtcdMembers', () => {
  let stub: HttpStub;
  let etcd: EtcdClient;
  let body: unknown;
  beforeAll(async () => {
    stub = await HttpStub.start(() => jsonResponse(200, body));
    etcd = new EtcdClient({ hosts: stub.url, sync: false, ...patient });
  });
  afterAll(async () => {
    await etcd.close();
    await stub.stop();
  });

  it('reads a member that was added and has never started', async () => {
    body = {
      members: [{ id: '1f', name: '', peerURLs: ['http://10.0.0.4:2380'], clientURLs: null, more: 1 }],
    };
    expect(await etcd.members.list()).toEqual([
      { id: '1f', name: '', peerURLs: ['http://10.0.0.4:2380'], clientURLs: [] },
    ]);
  });

  it('sends what the members API asks for', async () => {
    body = { id: '1f', name: '', peerURLs: [] };
    await etcd.members.add('http://10.0.0.4:2380');
    await etcd.members.update('1f', ['http://10.0.0.5:2380', 'https://10.0.0.5:2381']);
    await etcd.members.remove('1f');
    expect(stub.requests.slice(-3).map(({ method, path, body: sent }) => [method, path, sent])).toEqual([
      ['POST', '/v2/members', '{"peerURLs":["http://10.0.0.4:2380"]}'],
      ['PUT', '/v2/members/1f', '{"peerURLs":["http://10.0.0.5:2380","https://10.0.0.5:2381"]}'],
      ['DELETE', '/v2/members/1f', ''],
    ]);
    expect(stub.requests.at(-2)?.headers['content-type']).toBe('application/json');
  });

  it.each([
    [],
    {},
    { members: {} },
    { members: [null] },
    { members: [{ id: 5 }] },
    { members: [{ id: '1', name: 'n', peerURLs: 'x' }] },
  ])('refuses the list %j', async (list) => {
    body = list;
    await expect(etcd.members.list()).rejects.toMatchObject({ code: 'ETCD_RESPONSE' });
  });
});
