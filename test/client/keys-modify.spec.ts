import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EtcdAbortedError,
  EtcdClient,
  EtcdIndeterminateError,
  EtcdNotFileError,
  EtcdTimeoutError,
} from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { RawStore } from './raw-store.js';
import { aTtlOf } from './ttl.js';

describe('modify', () => {
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

  const increment = (value: string | undefined) => String(Number(value ?? 0) + 1);
  const stored = async (path: string) => (await raw.get(path)).node;

  it('counts 8 writers with 50 increments each to 400', async () => {
    const write = async () => {
      await using writer = new EtcdClient({ hosts: member.url, timeout: 25_000, tryTimeout: 10_000 });
      for (let i = 0; i < 50; i++) await writer.modify('/counter', increment);
    };
    await Promise.all(Array.from({ length: 8 }, write));
    expect(await raw.value('/counter')).toBe('400');
  });

  it('is needed for that: two that read before either writes lose an increment', async () => {
    await raw.put('/naive', { value: '0' });
    const seen = await Promise.all([etcd.get('/naive'), etcd.get('/naive')]);
    for (const { node } of seen) await etcd.set('/naive', increment(node.value));
    expect(await raw.value('/naive')).toBe('1');
  });

  it('creates a key that is missing', async () => {
    const result = await etcd.modify('/created', (value, node) => {
      expect([value, node]).toEqual([undefined, undefined]);
      return 'first';
    });
    expect(result).toMatchObject({ action: 'create', created: true, node: { value: 'first' } });
  });

  it('shows the change the node, and takes a promise', async () => {
    const { index } = await raw.put('/async', { value: 'a' });
    const result = await etcd.modify('/async', async (value, node) => {
      await sleep(1);
      return `${value}@${node?.modifiedIndex}`;
    });
    expect(result?.node.value).toBe(`a@${index}`);
    expect(result).toMatchObject({ action: 'compareAndSwap', prevNode: { value: 'a' } });
  });

  it('begins again when somebody else was faster, also with the creation', async () => {
    for (const path of ['/raced', '/raced-creation']) {
      if (path === '/raced') await raw.put(path, { value: '10' });
      let calls = 0;
      await etcd.modify(path, async (value) => {
        if (++calls === 1) await raw.put(path, { value: '20' });
        return increment(value);
      });
      expect(calls).toBe(2);
      expect(await raw.value(path)).toBe('21');
    }
  });

  it('begins again when the key went away meanwhile', async () => {
    await raw.put('/gone', { value: '10' });
    let calls = 0;
    await etcd.modify('/gone', async (value) => {
      if (++calls === 1) await raw.delete('/gone');
      return increment(value);
    });
    expect(await raw.value('/gone')).toBe('1');
  });

  it('writes nothing when the change gives undefined', async () => {
    const { index } = await raw.put('/kept', { value: 'a', ttl: '100' });
    expect((await etcd.modify('/kept', () => undefined))?.node.value).toBe('a');
    expect((await raw.get('/kept')).index).toBe(index);
    expect(await etcd.modify('/never', () => undefined)).toBeUndefined();
    expect((await raw.get('/never')).status).toBe(404);
  });

  it('writes the empty text, which is a value', async () => {
    await raw.put('/emptied', { value: 'a' });
    await etcd.modify('/emptied', () => '');
    expect(await stored('/emptied')).toMatchObject({ value: '' });
  });

  it('passes on what the change throws, and writes nothing', async () => {
    await raw.put('/thrown', { value: 'a' });
    const mine = new RangeError('too large');
    const failing = [() => { throw mine; }, () => Promise.reject(mine)]; // prettier-ignore
    for (const change of failing) await expect(etcd.modify('/thrown', change)).rejects.toBe(mine);
    expect(await raw.value('/thrown')).toBe('a');
  });

  it('refuses a new value that is no text, and writes nothing', async () => {
    await raw.put('/typed', { value: 'a' });
    const change = (() => 5) as unknown as () => string;
    await expect(etcd.modify('/typed', change)).rejects.toMatchObject({
      code: 'ETCD_OPTIONS',
      option: 'value',
    });
    expect(await raw.value('/typed')).toBe('a');
  });

  it('asks what to do with a TTL, and does it', async () => {
    await raw.put('/lease', { value: 'a', ttl: '100' });
    await expect(etcd.modify('/lease', () => 'b')).rejects.toMatchObject({
      code: 'ETCD_OPTIONS',
      option: 'ttl',
    });
    expect(await stored('/lease')).toMatchObject({ value: 'a', ttl: aTtlOf(100) });
    await etcd.modify('/lease', () => 'b', { ttl: 50 });
    expect(await stored('/lease')).toMatchObject({ value: 'b', ttl: aTtlOf(50) });
    await etcd.modify('/lease', () => 'c', { ttl: null });
    expect(await stored('/lease')).not.toHaveProperty('expiration');
  });

  it('rejects for a directory', async () => {
    await raw.put('/directory', { dir: 'true' });
    await expect(etcd.modify('/directory', () => 'v')).rejects.toBeInstanceOf(EtcdNotFileError);
  });

  it('gives up at its deadline when others are faster each time', async () => {
    await raw.put('/contended', { value: '0' });
    let others = 0;
    const change = async () => {
      await raw.put('/contended', { value: `other ${++others}` });
      return 'mine';
    };
    const giveUp = async () => {
      others = 0;
      const start = performance.now();
      const error = await etcd
        .modify('/contended', change, { timeout: 1_500 })
        .catch((reason: unknown) => reason);
      // The client's own 5 s would be later.
      expect(performance.now() - start).toBeLessThan(4_500);
      return error;
    };
    let error = await giveUp();
    // The deadline may come while a write is under way, whose end is not known then.
    const isUnderWay = () =>
      error instanceof EtcdIndeterminateError &&
      error.attempts.at(-1)?.outcome === 'no whole answer before the deadline';
    for (let i = 0; i < 5 && isUnderWay(); i++) error = await giveUp();
    expect(error).toBeInstanceOf(EtcdTimeoutError);
    expect(error).toMatchObject({ mayHaveBeenApplied: false });
    expect(others).toBeGreaterThan(1);
    expect(await raw.value('/contended')).toBe(`other ${others}`);
  });

  it('writes nothing any more when the change itself outlasts the deadline, or the signal', async () => {
    await raw.put('/slow', { value: 'a' });
    const slow = async () => {
      await sleep(150);
      return 'b';
    };
    await expect(etcd.modify('/slow', slow, { timeout: 50 })).rejects.toBeInstanceOf(EtcdTimeoutError);
    const aborting = etcd.modify('/slow', slow, { signal: AbortSignal.timeout(50) });
    await expect(aborting).rejects.toBeInstanceOf(EtcdAbortedError);
    expect(await raw.value('/slow')).toBe('a');
  });
});
