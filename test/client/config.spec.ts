import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  EtcdAbortedError,
  EtcdClient,
  EtcdClosedError,
  type EtcdConfigChange,
  EtcdError,
  EtcdOptionsError,
  EtcdTimeoutError,
} from 'nestjs-etcd/client';
import { z } from 'zod';
import { waitFor } from '../support/wait-for.js';
import { ConfigStore, good, schema } from './config-store.js';

describe('A configuration', () => {
  const store = new ConfigStore('config');
  const { log } = store;
  let etcd: EtcdClient;
  beforeAll(() => {
    etcd = store.etcd;
  });
  const put = (files: Record<string, string>, prefix?: string) => store.put(files, prefix);

  it('is a nested, frozen object, with what its files stand for', async () => {
    const prefix = await put({ ...good, '/tags': '["a", {"b": 1}]', '/db/_password': 'hidden' });
    await using config = etcd.config(prefix);
    expect(() => config.value).toThrow(EtcdError);
    expect(() => config.value).toThrow(/is not loaded yet; await its `ready` first/);
    await config.ready;
    expect(config.value).toEqual({
      db: { host: 'db-1', port: 5432 },
      flags: { 'new-ui': false },
      tags: ['a', { b: 1 }],
    });
    const { db, tags } = config.value as { db: object; tags: object[] };
    for (const part of [config.value, db, tags, tags[1]]) expect(Object.isFrozen(part)).toBe(true);
    expect(config.key).toBe(prefix);
    expect(config.index).toBeGreaterThan(0);
    expect(config.isFromSnapshot).toBe(false);
  });

  it('finds what lies at a key, and nothing that every object has', async () => {
    const prefix = await put({ ...good, '/list': '[{"a": 1}]', '/constructor/name': 'own' });
    await using config = etcd.config(prefix);
    await config.ready;
    expect(config.get('/db/port')).toBe(5432);
    expect(config.get('db')).toEqual({ host: 'db-1', port: 5432 });
    expect(config.get(['list', '0', 'a'])).toBe(1);
    expect(config.get('constructor/name')).toBe('own');
    for (const absent of [
      'nope',
      'db/nope',
      'db/port/x',
      'toString',
      'db/constructor',
      '__proto__',
      'list/map',
    ])
      expect(config.get(absent)).toBeUndefined();
    expect(config.get('/')).toBe(config.value);
  });

  it('is the value that the schema gives, defaults and changes of type included', async () => {
    const prefix = await put({ '/since': '2026-01-02', '/extra': '1' });
    await using config = etcd.config(prefix, {
      schema: z.object({ since: z.coerce.date(), limit: z.number().default(7) }),
    });
    await config.ready;
    expect(config.value).toEqual({ since: new Date('2026-01-02'), limit: 7 });
    expect(Object.isFrozen(config.value)).toBe(true);
  });

  it('is empty where there is nothing, and grows when there is something', async () => {
    const prefix = await put({});
    await using config = etcd.config(prefix);
    await config.ready;
    expect(config.value).toEqual({});
    await etcd.set(`${prefix}/a/b`, 'c');
    await waitFor(() => config.get('a/b') === 'c');
  });

  it('takes one JSON document at the prefix itself', async () => {
    const prefix = await put({ '': '{"db": {"host": "db-1", "port": 1}}' });
    await using config = etcd.config(prefix, { schema });
    await config.ready;
    expect(config.value.db).toEqual({ host: 'db-1', port: 1 });
    await etcd.set(prefix, '{"db": {"host": "db-2", "port": 1}}');
    await waitFor(() => config.value.db.host === 'db-2');
    const text = await put({ '': 'just text' });
    await expect(etcd.config(text).ready).rejects.toThrow(/it is a file, and neither a directory nor a JSON/);
    await using single = etcd.config(text, { schema: z.string() });
    await single.ready;
    expect(single.value).toBe('just text');
  });

  it('works below a namespace and below the root', async () => {
    const prefix = await put(good);
    await using config = etcd.namespace(prefix).config('/db');
    await config.ready;
    expect(config.value).toEqual({ host: 'db-1', port: 5432 });
    await using root = etcd.namespace(prefix).config('/');
    await root.ready;
    expect(root.get('/db/host')).toBe('db-1');
    await etcd.set(`${prefix}/db/host`, 'db-2');
    await waitFor(() => config.get('host') === 'db-2' && root.get('db/host') === 'db-2');
  });

  describe('when etcd changes', () => {
    it('takes the place of the last state, of which nothing changes', async () => {
      const prefix = await put(good);
      await using config = etcd.config(prefix, { schema });
      await config.ready;
      const changes: EtcdConfigChange<z.infer<typeof schema>>[] = [];
      config.on('change', (change) => {
        expect(change.value).toBe(config.value);
        changes.push(change);
      });
      const before = config.value;
      const { node } = await etcd.set(`${prefix}/flags/new-ui`, 'true');
      await waitFor(() => changes.length > 0);
      expect(changes).toEqual([
        {
          value: { ...before, flags: { 'new-ui': true } },
          previous: before,
          keys: ['/flags/new-ui'],
          index: node.modifiedIndex,
        },
      ]);
      expect(before.flags).toEqual({ 'new-ui': false });
      expect(config.index).toBe(node.modifiedIndex);
    });

    it('keeps the objects of directories in which nothing has changed', async () => {
      const prefix = await put(good);
      await using config = etcd.config(prefix);
      await config.ready;
      const before = config.get('db');
      await etcd.set(`${prefix}/flags/new-ui`, 'true');
      await waitFor(() => config.get('flags/new-ui') === true);
      expect(config.get('db')).toBe(before);
    });

    it('shows the removal of a directory as a whole', async () => {
      const files = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`/many/${i}`, String(i)]));
      const prefix = await put({ ...files, '/keep': 'x' });
      await using config = etcd.config(prefix);
      await config.ready;
      const sizes: number[] = [];
      config.on('change', ({ value, keys }) =>
        sizes.push(Object.keys(value['many'] ?? {}).length, keys.length),
      );
      await etcd.delete(`${prefix}/many`, { recursive: true });
      await waitFor(() => sizes.length > 0);
      expect(sizes).toEqual([0, 50]);
      expect(config.value).toEqual({ keep: 'x' });
    });

    it('tells nothing when a file is written with the same text', async () => {
      const prefix = await put(good);
      await using config = etcd.config(prefix);
      await config.ready;
      const told: (readonly string[])[] = [];
      config.on('change', ({ keys }) => told.push(keys));
      await etcd.set(`${prefix}/db/port`, '5432');
      await etcd.set(`${prefix}/db/port`, '5433');
      await waitFor(() => told.length > 0);
      expect(told).toEqual([['/db/port']]);
    });

    it('goes on when a listener fails', async () => {
      const prefix = await put(good);
      await using config = etcd.config(prefix);
      await config.ready;
      config.on('change', () => {
        throw new Error('of the listener');
      });
      await etcd.set(`${prefix}/db/port`, '1');
      await waitFor(() => config.get('db/port') === 1);
      await etcd.set(`${prefix}/db/port`, '2');
      await waitFor(() => config.get('db/port') === 2);
      expect(log.texts[0]).toMatch(/has a listener for `change` that failed: of the listener/);
    });
  });

  describe('that ends', () => {
    it('keeps its last state, and may be closed again', async () => {
      const prefix = await put(good);
      const config = etcd.config(prefix);
      await config.ready;
      await config.close();
      await config.close();
      await etcd.set(`${prefix}/db/port`, '1');
      expect(config.get('db/port')).toBe(5432);
    });

    it('rejects while it is waited for: by close, by its signal, and with the client', async () => {
      await using away = new EtcdClient({ hosts: 'http://127.0.0.1:9', logger: log });
      const closed = away.config('/a');
      await closed.close();
      await expect(closed.ready).rejects.toThrow(EtcdClosedError);
      const controller = new AbortController();
      const aborted = away.config('/a', { signal: controller.signal });
      controller.abort();
      await expect(aborted.ready).rejects.toThrow(EtcdAbortedError);
      const last = away.config('/a');
      await away.close();
      await expect(last.ready).rejects.toThrow(EtcdClosedError);
    });

    it('says what to do when etcd has not answered in time', async () => {
      await using away = new EtcdClient({ hosts: 'http://127.0.0.1:9', logger: log });
      const error = (await away.config('/a', { timeout: 50 }).ready.catch((e: unknown) => e)) as Error;
      expect(error).toBeInstanceOf(EtcdTimeoutError);
      expect(error.message).toBe(
        'The configuration of /a was not loaded within 50 ms, because etcd has not answered. Check `hosts`, raise `timeout`, or give the option `snapshot` a file, to start with the last good state.',
      );
    });
  });

  it.each<[string, unknown, unknown, RegExp]>([
    ['an empty prefix', '', {}, /^`key`: it is empty/],
    ['a misspelt option', '/a', { schemas: 1 }, /^`schemas`: no such option here \(options of config\)/],
    ['a schema that is none', '/a', { schema: {} }, /^`schema`: expected a schema with `validate`, got undefined/],
    ['another way to parse', '/a', { parse: 'yaml' }, /^`parse`: expected 'auto', 'json', 'text' or a function.*'yaml'/],
    ['a relative file', '/a', { snapshot: 'config.json' }, /^`snapshot`: expected an absolute path, got 'config.json'/],
    ['no file', '/a', { snapshot: '' }, /^`snapshot`: expected a text that is not empty/],
    ['no time', '/a', { timeout: 0 }, /^`timeout`: expected milliseconds above 0/],
    ['a list of variables', '/a', { env: ['A'] }, /^`env`: expected an object of variables and their keys/],
    ['a variable for everything', '/a', { env: { A: '/' } }, /^`env`: A stands for the whole configuration/],
    ['a variable with no key', '/a', { env: { A: '' } }, /^`key`: it is empty/],
    ['two variables for one place', '/a', { env: { A: '/a', B: '/a/b' } }, /^`env`: A and B both stand for \/a\/b/],
    ['a signal that is none', '/a', { signal: 1 }, /^`signal`: expected an AbortSignal/],
  ])('refuses %s before anything is sent', (_, prefix, options, message) => {
    const attempt = () => etcd.config(prefix as string, options as object);
    expect(attempt).toThrow(EtcdOptionsError);
    expect(attempt).toThrow(message);
  }); // prettier-ignore
});
