import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdInvalidKeyError } from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { rawRequest } from '../support/raw-request.js';
import { fuzzKeys, noFaults } from './fuzz-keys.js';

const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('Hostile keys', () => {
  let member: EtcdMember;
  beforeAll(async () => {
    member = await EtcdMember.start({ proxy: true });
  });
  afterAll(() => member.stop());

  it('are stored where asked, or refused before anything is sent', async () => {
    const { stored, refused, ...faults } = await fuzzKeys(member, 1_000, 2);
    expect(faults).toEqual(noFaults);
    expect(stored).toBeGreaterThan(600);
    expect(refused).toBeGreaterThan(50);
  });

  it('need that care: put into a URL as they are, they change what is asked', async () => {
    const ask = async (key: string) => {
      const { href } = new URL(`${member.directUrl}/v2/keys/naive/${key}`);
      const answer = await rawRequest(href, { method: 'PUT', headers: form, body: 'value=1' });
      return answer.status === 301
        ? 'redirected'
        : (JSON.parse(answer.body) as { node?: { key: string } }).node?.key;
    };
    expect(await ask('a?b')).toBe('/naive/a');
    expect(await ask('a#b')).toBe('/naive/a');
    expect(await ask('x/../../else')).toBe('/else');
    expect(await ask('%2e%2e/else')).toBe('/else');
    expect(await ask('a//b')).toBe('redirected');
    expect(await ask('c\\d')).toBe('/naive/c/d');
  });

  it('are refused where a plain set of them would end the server for good', async () => {
    await using etcd = new EtcdClient({ hosts: member.url });
    for (const key of [
      '/0/members/ab/attributes',
      '/x/0/members/ab/attributes.old',
      ['0', 'members', '1', 'attributesX'],
    ]) {
      await expect(etcd.set(key, 'x')).rejects.toBeInstanceOf(EtcdInvalidKeyError);
      await expect(etcd.mkdir(key, { replaceFile: true })).rejects.toBeInstanceOf(EtcdInvalidKeyError);
    }
    await expect(etcd.namespace('/0/members').set('/ab/attributes', 'x')).rejects.toBeInstanceOf(
      EtcdInvalidKeyError,
    );
    // The control: the server does not survive what the client refuses.
    const sacrifice = await EtcdMember.start();
    try {
      const put = sacrifice.request('/v2/keys/0/members/ab/attributes.old', {
        method: 'PUT',
        headers: form,
        body: 'value=x',
      });
      await expect(put).rejects.toMatchObject({ code: 'ECONNRESET' });
      await expect(sacrifice.restart()).rejects.toThrow(/did not start/);
    } finally {
      await sacrifice.stop();
    }
  });

  it('make a request line of up to 4,000 bytes, which works on a fresh connection, and no longer one', async () => {
    const key = (bytes: number) => '/'.padEnd(bytes - 'PUT /v2/keys HTTP/1.1'.length, 'x');
    const put = (path: string) =>
      rawRequest(`${member.directUrl}/v2/keys${path}`, { method: 'PUT', headers: form, body: 'value=1' });
    await expect(put(key(4_100))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await put(key(4_000))).status).toBe(201);

    const proxy = member.proxy as NonNullable<typeof member.proxy>;
    const before = proxy.requests.length;
    await using etcd = new EtcdClient({ hosts: member.url, ...patient });
    const results = await Promise.all(Array.from({ length: 8 }, () => etcd.set(key(4_000), '2')));
    expect(results.map(({ node }) => node.key)).toEqual(results.map(() => key(4_000)));
    await expect(etcd.set(key(4_001), '3')).rejects.toThrow(/request line has 4001 bytes/);
    await expect(etcd.set(key(4_001), '3')).rejects.toBeInstanceOf(EtcdInvalidKeyError);
    await expect(etcd.compareAndDelete('/x', { prevValue: 'v'.repeat(4_000) })).rejects.toBeInstanceOf(
      EtcdInvalidKeyError,
    );

    const requests = proxy.requests.slice(before);
    const first = new Map(requests.toReversed().map(({ connection, line }) => [connection, line]));
    expect([...first.values()].filter((line) => line.length === 4_000).length).toBeGreaterThan(3);
    expect(Math.max(...requests.map(({ line }) => line.length))).toBe(4_000);
  });
});
