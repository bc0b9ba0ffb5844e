import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type EtcdClient,
  EtcdClosedError,
  type EtcdDiscovery,
  type EtcdInstance,
  type EtcdRegistration,
} from 'nestjs-etcd/client';

import { waitFor } from '../support/wait-for.js';
import { WatchedMember } from '../watch/watched-member.js';
import { longTtl, pathOf } from './queues.js';

let etcd: WatchedMember;
let client: EtcdClient;
let name: string;
beforeAll(async () => {
  etcd = await WatchedMember.start();
});
beforeEach(() => {
  client = etcd.client();
  name = etcd.key().slice(1);
});
afterEach(async () => {
  await etcd.proxy.accept();
  await etcd.endTest();
});
afterAll(() => etcd[Symbol.asyncDispose]());

const read = async (key: string) => JSON.parse((await etcd.raw.value(pathOf(key))) ?? 'null') as unknown;
const idsOf = (discovery: EtcdDiscovery) => discovery.instances.map(({ id }) => id);
/** Resolves when a discovery lists just these. */
const lists = (discovery: EtcdDiscovery, ids: string[]) =>
  waitFor(() => idsOf(discovery).join() === ids.join(), {
    what: `the instances ${ids.join()}`,
  });
const eventsOf = (registration: EtcdRegistration) => {
  const events: string[] = [];
  registration.on('lost', ({ loss }) => events.push(loss)).on('regained', () => events.push('regained'));
  return events;
};

describe('A registration', () => {
  it('is a key with a TTL, whose value is JSON', async () => {
    const registry = client.registry(name, { ttl: 7 });
    expect(registry).toMatchObject({ name, key: `/services/${name}`, ttl: 7 });
    const options = { id: 'web-1', url: 'http://10.0.0.7:3000', metadata: { zone: 'a', weight: 2 } };
    const registration = await registry.register(options);
    expect(registration).toMatchObject({
      key: `/services/${name}/web-1`,
      isRegistered: true,
      instance: options,
    });
    const lease = expect.stringMatching(/^[\da-f-]{36}$/);
    expect(await read(registration.key)).toEqual({ ...options, lease });
    expect((await etcd.raw.get(registration.key)).node.ttl).toBeLessThanOrEqual(7);
    const plain = await registry.register({ id: 'web-2', url: 'http://b' });
    expect(await read(plain.key)).toEqual({ id: 'web-2', url: 'http://b', lease });
  });

  it('makes an id where none is given, and takes any', async () => {
    const registry = client.registry('a/b', { prefix: 'my/services/' });
    const { instance, key } = await registry.register({ url: 'http://a' });
    expect(instance.id).toMatch(/^[\da-f-]{36}$/);
    expect(key).toBe(`/my/services/a%2Fb/${instance.id}`);
    const ids = ['10.0.0.7:3000', 'a/b', '..', '%', ' x ', '鍵', 'i'.repeat(3_000)];
    for (const id of ids) await registry.register({ id, url: 'http://a' });
    await using discovery = etcd.client().registry('a/b', { prefix: '/my/services' }).discover();
    await discovery.ready;
    expect(idsOf(discovery).toSorted()).toEqual([instance.id, ...ids].toSorted());
  });

  it('is taken out by deregister, more than once, and at the end of a block', async () => {
    const registry = client.registry(name);
    const registration = await registry.register({ id: '1', url: 'http://a' });
    await registration.deregister();
    await registration.deregister();
    expect(registration.isRegistered).toBe(false);
    expect((await etcd.raw.get(registration.key)).status).toBe(404);
    {
      await using second = await registry.register({ id: '2', url: 'http://a' });
      expect(second.isRegistered).toBe(true);
    }
    expect((await etcd.raw.get(`/services/${name}/2`)).status).toBe(404);
  });

  it('is taken out when its client is closed', async () => {
    const registration = await client.registry(name).register({ id: '1', url: 'http://a' });
    await client.close();
    expect((await etcd.raw.get(registration.key)).status).toBe(404);
    await expect(client.registry(name).register({ url: 'http://a' })).rejects.toBeInstanceOf(EtcdClosedError);
  });

  it('says something else of its instance, whose id stays', async () => {
    const registration = await client
      .registry(name)
      .register({ id: '1', url: 'http://a', metadata: { a: 1 } });
    await registration.update({ metadata: { a: 2 } });
    expect(registration.instance).toEqual({ id: '1', url: 'http://a', metadata: { a: 2 } });
    expect(await read(registration.key)).toMatchObject({ id: '1', url: 'http://a', metadata: { a: 2 } });
    await registration.update({ url: 'http://b' });
    expect(await read(registration.key)).toMatchObject({ url: 'http://b', metadata: { a: 2 } });
    expect(registration.isRegistered).toBe(true);
  });

  it('is made again when its key, or the whole service, is deleted', async () => {
    const registration = await client.registry(name, { ttl: 3 }).register({ id: '1', url: 'http://a' });
    const events = eventsOf(registration);
    await etcd.raw.delete(registration.key);
    await waitFor(() => events.length === 2, { what: 'the registration' });
    await etcd.raw.delete(`/services/${name}?recursive=true`);
    await waitFor(() => events.length === 4, { what: 'the registration' });
    expect(events).toEqual(['removed', 'regained', 'removed', 'regained']);
    expect(await read(registration.key)).toMatchObject({ id: '1', url: 'http://a' });
    await registration.deregister();
    expect((await etcd.raw.get(registration.key)).status).toBe(404);
  });

  it('is made again after an outage, during which it cannot be changed', async () => {
    const registration = await client.registry(name, { ttl: 2 }).register({ id: '1', url: 'http://a' });
    const events = eventsOf(registration);
    await etcd.proxy.refuse();
    etcd.proxy.reset();
    await waitFor(async () => (await etcd.raw.get(registration.key)).status === 404, { what: 'the expiry' });
    expect(registration.isRegistered).toBe(false);
    await expect(registration.update({ url: 'http://b' })).rejects.toMatchObject({ loss: 'expired' });
    await etcd.proxy.accept();
    // On a busy machine, the first answer can come when its second is over; and it is told when the change is made, too.
    const isBack = () => registration.isRegistered && events.at(-1) === 'regained';
    await waitFor(isBack, { what: 'the registration' });
    expect(events[0]).toBe('expired');
    expect(await read(registration.key)).toMatchObject({ id: '1' });
  });

  it('gives way to a newer one of the same id, and is made again when that has gone', async () => {
    const before = await client.registry(name, { ttl: longTtl }).register({ id: '1', url: 'http://old' });
    const events = eventsOf(before);
    const newer = await etcd.client().registry(name).register({ id: '1', url: 'http://new' });
    await waitFor(() => events.length === 1, { timeout: 5_000, what: 'the loss' });
    expect(events).toEqual(['taken']);
    expect(before.isRegistered).toBe(false);
    const lines = etcd.proxy.requests.length;
    const isTrying = () => etcd.proxy.requests.slice(lines).some(({ line }) => line.startsWith('PUT'));
    await waitFor(isTrying, { what: 'an attempt' });
    expect(await read(before.key)).toMatchObject({ url: 'http://new' });
    expect(newer.isRegistered).toBe(true);
    await newer.deregister();
    await waitFor(() => before.isRegistered, { what: 'the older registration' });
    expect(events).toEqual(['taken', 'regained']);
    expect(await read(before.key)).toMatchObject({ url: 'http://old' });
  });
});

describe('Discovery', () => {
  it('is a live list, in the order of the keys', async () => {
    await using discovery = client.registry(name).discover();
    await discovery.ready;
    expect(discovery.instances).toEqual([]);
    expect(discovery.pick()).toBeUndefined();
    expect(discovery.pick('random')).toBeUndefined();
    const told: (readonly EtcdInstance[])[] = [];
    discovery.on('change', (instances) => told.push(instances));
    const others = etcd.client().registry(name);
    const second = await others.register({ id: '2', url: 'http://b', metadata: { a: [1] } });
    await lists(discovery, ['2']);
    const first = await others.register({ id: '1', url: 'http://a' });
    await lists(discovery, ['1', '2']);
    expect(discovery.instances).toEqual([first.instance, second.instance]);
    expect([...discovery]).toEqual(discovery.instances);
    await second.update({ url: 'http://c' });
    await waitFor(() => discovery.instances[1]?.url === 'http://c', { what: 'the update' });
    await first.deregister();
    await lists(discovery, ['2']);
    await etcd.raw.delete(second.key);
    await lists(discovery, []);
    await lists(discovery, ['2']);
    const ids = told.map((instances) => instances.map(({ id, url }) => `${id} ${url}`).join());
    const [a, b, c] = ['1 http://a', '2 http://b', '2 http://c'];
    expect(ids).toEqual([b, `${a},${b}`, `${a},${c}`, c, '', c]);
  });

  it('leaves out what is no instance', async () => {
    const values = [
      '',
      'text',
      '[]',
      'null',
      '7',
      '{}',
      '{"id":"x"}',
      '{"id":1,"url":"u"}',
      '{"id":"x","url":1}',
    ];
    for (const [i, value] of values.entries()) await etcd.raw.put(`/services/${name}/${i}`, { value });
    const put = (key: string, value: object) =>
      etcd.raw.put(`/services/${name}/${key}`, { value: JSON.stringify(value) });
    await put('x', { id: 'x', url: 'http://x', metadata: 'none', more: true });
    await put('y', { id: 'y', url: 'http://y', metadata: { a: 1 } });
    await using discovery = client.registry(name).discover();
    await discovery.ready;
    expect(discovery.instances).toEqual([
      { id: 'x', url: 'http://x' },
      { id: 'y', url: 'http://y', metadata: { a: 1 } },
    ]);
  });

  it('picks one instance after the other, or any', async () => {
    const registry = client.registry(name);
    for (const id of ['1', '2', '3']) await registry.register({ id, url: `http://${id}` });
    await using discovery = registry.discover();
    await discovery.ready;
    const picks = Array.from({ length: 7 }, () => discovery.pick()?.id);
    expect(picks).toEqual(['1', '2', '3', '1', '2', '3', '1']);
    const random = Array.from({ length: 300 }, () => discovery.pick('random')?.id);
    // By chance one of them is missing once in 10^52 times.
    expect(new Set(random)).toEqual(new Set(['1', '2', '3']));
    expect(random.join()).not.toBe(Array.from({ length: 300 }, (_, i) => String((i % 3) + 1)).join());
  });

  it('goes on giving its last instances while etcd is away, and after it is closed', async () => {
    const registration = await etcd.writer.registry(name).register({ id: '1', url: 'http://a' });
    const discovery = client.registry(name).discover();
    await discovery.ready;
    await etcd.proxy.refuse();
    etcd.proxy.reset();
    await registration.deregister();
    const second = await etcd.writer.registry(name).register({ id: '2', url: 'http://b' });
    expect(idsOf(discovery)).toEqual(['1']);
    await etcd.proxy.accept();
    await lists(discovery, ['2']);
    await discovery.close();
    await discovery.close();
    await second.deregister();
    expect(discovery.pick()?.id).toBe('2');
  });

  it('rejects to become ready when the client is closed before', async () => {
    await etcd.proxy.refuse();
    const discovery = client.registry(name).discover();
    await client.close();
    await expect(discovery.ready).rejects.toBeInstanceOf(EtcdClosedError);
  });
});
