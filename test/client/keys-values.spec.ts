import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  base64,
  EtcdClient,
  EtcdDecodeError,
  EtcdNotFileError,
  EtcdOptionsError,
  json,
} from 'nestjs-etcd/client';
import { z } from 'zod';

import { EtcdMember } from '../support/etcd-member.js';
import { RawStore } from './raw-store.js';

describe('Decoding values', () => {
  let member: EtcdMember;
  let raw: RawStore;
  let etcd: EtcdClient;
  beforeAll(async () => {
    member = await EtcdMember.start();
    raw = new RawStore(member);
    etcd = new EtcdClient({ hosts: member.url, tryTimeout: 5_000 });
  });
  afterAll(async () => {
    await etcd.close();
    await member.stop();
  });

  const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);

  it('keeps every byte with the codec base64', async () => {
    await etcd.set('/bytes', base64.encode(everyByte));
    expect(Uint8Array.from(await etcd.value('/bytes', base64))).toEqual(everyByte);
    await etcd.set('/no-bytes', base64.encode(new Uint8Array()));
    expect(await etcd.value('/no-bytes', base64)).toHaveLength(0);
  });

  it('is needed for that: etcd itself replaces what is no UTF-8', async () => {
    const body = `value=${Array.from(everyByte, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await member.request('/v2/keys/raw-bytes', { method: 'PUT', headers, body })).status).toBe(201);
    const { node } = await etcd.get('/raw-bytes');
    expect(node.value).toContain('\uFFFD');
    expect(Buffer.from(node.value ?? '', 'utf8')).not.toEqual(Buffer.from(everyByte));
  });

  it('reads JSON of every kind', async () => {
    for (const value of [null, true, 0, -1.5, '', 'é😀', [], { a: [{ b: null }] }]) {
      await etcd.set('/json', json.encode(value));
      expect(await etcd.json('/json')).toEqual(value);
      expect(await etcd.value('/json', json)).toEqual(value);
    }
  });

  it('reads a field called __proto__ as a field', async () => {
    await etcd.set('/proto', '{"__proto__":{"polluted":true}}');
    const value = await etcd.json<Record<string, unknown>>('/proto');
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect({}).not.toHaveProperty('polluted');
  });

  it('types and transforms with a schema, also an asynchronous one', async () => {
    await etcd.set('/port', '8080');
    const port: number = await etcd.json('/port', { schema: z.number().int() });
    expect(port).toBe(8080);
    const text: string = await etcd.json('/port', { schema: z.number().transform((n) => `:${n}`) });
    expect(text).toBe(':8080');
    const known = z.number().refine(async (n) => Promise.resolve(n === 8080), 'unknown port');
    expect(await etcd.json('/port', { schema: known, quorum: true })).toBe(8080);
    await etcd.set('/port', '1');
    await expect(etcd.json('/port', { schema: known })).rejects.toThrow(/\/port.*its schema refuses it/);
  });

  it('tells which part of a value is wrong, and not what it is', async () => {
    await etcd.set('/config', '{"db":{"password":"hunter2","ports":[1,"x"]}}');
    const schema = z.object({ db: z.object({ password: z.number(), ports: z.array(z.number()) }) });
    const error = await etcd.json('/config', { schema }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EtcdDecodeError);
    expect(error).toMatchObject({ code: 'ETCD_DECODE', key: '/config' });
    expect(String(error)).toMatch(/refuses it at db\.password, db\.ports\.1$/);
    expect(String(error)).not.toContain('hunter2');
  });

  it('rejects what is no JSON or no base64, without showing it', async () => {
    await etcd.set('/broken', '{"password":"hunter2"');
    const readings = [
      () => etcd.json('/broken'),
      () => etcd.value('/broken', json),
      () => etcd.value('/broken', base64),
    ];
    for (const read of readings) {
      const error = await read().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(EtcdDecodeError);
      expect(error).toMatchObject({ key: '/broken' });
      expect(String(error)).toMatch(/it is no JSON|its codec refuses it/);
      expect(String(error)).not.toContain('hunter2');
    }
  });

  it('takes codecs of the caller, and repeats nothing that they throw', async () => {
    await etcd.set('/date', '2026-01-02T03:04:05.000Z');
    const date = { encode: (value: Date) => value.toISOString(), decode: (text: string) => new Date(text) };
    expect((await etcd.value('/date', date)).getUTCHours()).toBe(3);
    const refusing = {
      encode: String,
      decode: (text: string): string => {
        throw new Error(`cannot read ${text}`);
      },
    };
    const error = await etcd.value('/date', refusing).catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/\/date cannot be decoded: its codec refuses it$/);
  });

  it('names the same key in every error of a namespace', async () => {
    await raw.put('/space/bad', { value: 'x' });
    await raw.put('/space/text', { value: '"x"' });
    const space = etcd.namespace('/space');
    await expect(space.json('bad')).rejects.toMatchObject({ key: '/bad' });
    await expect(space.json('text', { schema: z.number() })).rejects.toMatchObject({ key: '/text' });
  });

  it('has no value of a directory', async () => {
    await raw.put('/directory', { dir: 'true' });
    await expect(etcd.value('/directory', json)).rejects.toBeInstanceOf(EtcdNotFileError);
    await expect(etcd.json('/directory')).rejects.toBeInstanceOf(EtcdNotFileError);
  });

  it('refuses what is neither codec nor schema', async () => {
    await raw.put('/any', { value: '1' });
    await expect(etcd.value('/any', undefined as never)).rejects.toBeInstanceOf(EtcdOptionsError);
    await expect(etcd.json('/any', { schema: {} as never })).rejects.toMatchObject({ option: 'schema' });
    expect(() => json.encode(undefined)).toThrow(/no JSON/);
  });
});
