import { beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdDecodeError, type EtcdSchema } from 'nestjs-etcd/client';
import { z } from 'zod';
import type { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { ConfigStore, good, schema } from './config-store.js';

describe('States of a configuration', () => {
  const store = new ConfigStore('states');
  const { log } = store;
  let etcd: EtcdClient;
  let member: EtcdMember;
  beforeAll(() => {
    ({ etcd, member } = store);
  });
  const put = (files: Record<string, string>, prefix?: string) => store.put(files, prefix);

  describe('that is refused', () => {
    it('keeps the last good state, is logged once without the value, and is taken when it is right', async () => {
      const prefix = await put(good);
      await using config = etcd.config(prefix, { schema });
      await config.ready;
      const before = config.value;
      const refusals: string[] = [];
      config.on('refused', ({ error, index }) =>
        refusals.push(`${error.code} ${error.message} ${index > 0}`),
      );
      await etcd.set(`${prefix}/db/port`, 'hunter2');
      await waitFor(() => refusals.length === 1);
      await etcd.set(`${prefix}/flags/new-ui`, 'true');
      await waitFor(() => refusals.length === 2);
      expect(config.value).toBe(before);
      const problem = `The value of ${prefix} cannot be decoded: its schema refuses it at db.port`;
      expect(new Set(refusals)).toEqual(new Set([`ETCD_DECODE ${problem} true`]));
      expect(log.lines).toHaveLength(1);
      expect(log.texts[0]).toContain(`is refused, and the last good one is kept: ${problem}`);
      expect(log.texts.join()).not.toContain('hunter2');

      const keys: (readonly string[])[] = [];
      config.on('change', (change) => keys.push(change.keys));
      await etcd.set(`${prefix}/db/port`, '5433');
      await waitFor(() => keys.length > 0);
      expect(config.value).toEqual({ db: { host: 'db-1', port: 5433 }, flags: { 'new-ui': true } });
      expect(keys).toEqual([['/db/port', '/flags/new-ui']]);
      expect(log.texts[1]).toMatch(/is right again at index/);
    });

    it('fails the start, and closes', async () => {
      const prefix = await put({ ...good, '/db/port': 'hunter2' });
      const config = etcd.config(prefix, { schema });
      await expect(config.ready).rejects.toThrow(EtcdDecodeError);
      await expect(config.ready).rejects.toThrow(
        `The value of ${prefix} cannot be decoded: its schema refuses it at db.port`,
      );
      expect(() => config.value).toThrow(/not loaded/);
    });

    it('says where there is nothing at all, as with a wrong prefix', async () => {
      const prefix = await put({});
      await expect(etcd.config(prefix, { schema }).ready).rejects.toThrow(
        `The value of ${prefix} cannot be decoded: its schema refuses it at db; there is no file below it at all, so look at the prefix first`,
      );
    });

    it('is so by a schema that throws, whose words are not repeated', async () => {
      const prefix = await put({ '/a': 'hunter2' });
      const failing = {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: (value: unknown): never => {
            throw new Error(JSON.stringify(value));
          },
        },
      } as const;
      const error = await etcd.config(prefix, { schema: failing }).ready.catch(String);
      expect(error).toBe(`EtcdDecodeError: The value of ${prefix} cannot be decoded: its schema fails`);
    });

    it('is so where a file is no JSON although all have to be', async () => {
      const prefix = await put({ '/a': '"text"', '/b': '1' });
      await using config = etcd.config(prefix, { parse: 'json' });
      await config.ready;
      expect(config.value).toEqual({ a: 'text', b: 1 });
      await etcd.set(`${prefix}/b`, 'hunter2');
      await waitFor(() => log.lines.length > 0);
      expect(log.texts[0]).toContain(`The value of ${prefix}/b cannot be decoded: it is no JSON`);
      await etcd.delete(`${prefix}/b`);
      await waitFor(() => config.get('b') === undefined);
    });
  });

  it('waits for an asynchronous schema, and then takes the last of the states that came meanwhile', async () => {
    const prefix = await put({ '/n': '1' });
    const seen: number[] = [];
    let release: () => void = () => undefined;
    let isHeld = false;
    const slow: EtcdSchema<{ n: number }> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: async (value) => {
          const { n } = value as { n: number };
          seen.push(n);
          if (isHeld) await new Promise<void>((resolve) => (release = resolve));
          return { value: { n } };
        },
      },
    };
    await using config = etcd.config(prefix, { schema: slow });
    await config.ready;
    isHeld = true;
    await etcd.set(`${prefix}/n`, '2');
    await waitFor(() => seen.includes(2));
    // It shares the watch, so that what it is told has come to the configuration, too.
    await using observer = etcd.cache(prefix);
    await observer.ready;
    for (const n of ['3', '4', '5']) await etcd.set(`${prefix}/n`, n);
    const { etcdIndex } = await etcd.get(`${prefix}/n`);
    await waitFor(() => observer.index >= etcdIndex);
    expect(config.value).toEqual({ n: 1 });
    isHeld = false;
    release();
    await waitFor(() => config.value.n === 5);
    expect(seen).toEqual([1, 2, 5]);
  });

  it('ends a burst of changes with all of them', async () => {
    const prefix = await put({ '/n': '0' });
    await using config = etcd.config(prefix);
    await config.ready;
    // All of it may be in one process with the server, which is then slow to answer.
    await using writing = new EtcdClient({ hosts: member.url, tryTimeout: 10_000, timeout: 20_000 });
    const files = 500;
    const writers = Array.from({ length: 32 }, async (_, writer) => {
      for (let i = writer; i < files; i += 32) await writing.set(`${prefix}/many/${i}`, String(i));
    });
    await Promise.all(writers);
    await writing.set(`${prefix}/n`, '1');
    await waitFor(() => config.get('n') === 1);
    expect(Object.keys(config.get('many') as object)).toHaveLength(files);
  });

  describe('of which a value is selected', () => {
    it('gives it as it is now, and the default while there is none', async () => {
      const prefix = await put(good);
      await using config = etcd.config(prefix);
      expect(() => config.select('/flags/new-ui')).toThrow(/not loaded yet/);
      await config.ready;
      const flag = config.select('/flags/new-ui', { default: true, schema: z.boolean() });
      const absent = config.select('/flags/absent', { default: 'none' });
      const open = config.select('/flags/absent');
      expect([flag.current, absent.current, open.current]).toEqual([false, 'none', undefined]);
      const heard: unknown[] = [];
      config.on('change', () => heard.push(flag.current));
      await etcd.set(`${prefix}/flags/new-ui`, 'true');
      await waitFor(() => heard.length > 0);
      expect(heard).toEqual([true]);
      await etcd.delete(`${prefix}/flags/new-ui`);
      await etcd.set(`${prefix}/flags/absent`, 'there');
      await waitFor(() => absent.current === 'there');
      expect([flag.current, open.current]).toEqual([true, 'there']);
    });

    it('keeps the last good one, and says so without the value', async () => {
      const prefix = await put(good);
      await using config = etcd.config(prefix);
      await config.ready;
      const port = config.select('/db/port', { schema: z.number() });
      const told: string[] = [];
      config.on('refused', ({ error }) => told.push(error.key));
      await etcd.set(`${prefix}/db/port`, 'hunter2');
      await waitFor(() => config.get('db/port') === 'hunter2');
      expect(port.current).toBe(5432);
      expect(told).toEqual([`${prefix}/db/port`]);
      expect(log.texts).toEqual([
        `The last good value of /db/port in ${prefix} is kept: The value of ${prefix}/db/port cannot be decoded: its schema refuses it`,
      ]);
      await etcd.set(`${prefix}/db/port`, '1');
      await waitFor(() => port.current === 1);
    });

    it('warns once of one that etcd has and the schema leaves out', async () => {
      const prefix = await put({ ...good, '/extra': 'x' });
      await using config = etcd.config(prefix, { schema });
      await config.ready;
      expect(config.select('/extra', { default: 'none' }).current).toBe('none');
      config.select('/flags/absent', { default: false });
      await etcd.set(`${prefix}/extra`, 'y');
      await etcd.set(`${prefix}/db/port`, '1');
      await waitFor(() => config.value.db.port === 1);
      expect(log.texts).toEqual([
        `/extra in the configuration of ${prefix} is left out by its schema, so that nobody sees it. Name it in the schema, or let that keep what it does not name.`,
      ]);
    });

    it('throws at once for one that is refused and has no default, and for an asynchronous schema', async () => {
      const prefix = await put(good);
      await using config = etcd.config(prefix);
      await config.ready;
      expect(() => config.select('/db/host', { schema: z.number() })).toThrow(EtcdDecodeError);
      expect(config.select('/db/host', { schema: z.number(), default: 7 }).current).toBe(7);
      expect(() => config.select('/db/host', { schema: z.string().refine(async () => true) })).toThrow(
        /^`schema`: that of .*\/db\/host is asynchronous/,
      );
      const late = config.select('/late', { default: 'none', schema: z.string().refine(async () => true) });
      const other = config.select('/late');
      await etcd.set(`${prefix}/late`, 'here');
      await waitFor(() => other.current === 'here');
      expect(late.current).toBe('none');
      expect(log.texts.at(-1)).toMatch(/\/late cannot be decoded: its schema is asynchronous/);
    });
  });
});
