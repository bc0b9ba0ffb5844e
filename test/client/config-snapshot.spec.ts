import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdDecodeError, EtcdTimeoutError } from 'nestjs-etcd/client';
import { z } from 'zod';
import { freePort, waitFor } from '../support/wait-for.js';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { LogKeeper } from './config-log-keeper.js';

const schema = z.object({ port: z.number(), password: z.string() });

describe('The snapshot of a configuration', () => {
  let member: EtcdMember;
  let etcd: EtcdClient;
  let directory: string;
  let snapshot: string;
  let prefix: string;
  let number = 0;
  const log = new LogKeeper();

  beforeAll(async () => {
    member = await EtcdMember.start();
    etcd = new EtcdClient({ hosts: member.url, logger: log, ...patient });
  });

  afterAll(async () => {
    await etcd.close();
    await member.stop();
  });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'config-'));
    snapshot = join(directory, 'shop.json');
    prefix = `/snapshot/${++number}`;
    await etcd.set(`${prefix}/port`, '1');
    await etcd.set(`${prefix}/password`, 'hunter2');
    log.lines.length = 0;
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Loads the configuration once, so that the file is written. */
  const keep = async (): Promise<void> => {
    await using config = etcd.config(prefix, { schema, snapshot });
    await config.ready;
  };
  const saved = () =>
    JSON.parse(readFileSync(snapshot, 'utf8')) as { files: [string, string][]; index: number };
  const nowhere = () => new EtcdClient({ hosts: 'http://127.0.0.1:9', logger: log });

  it('is written for its owner alone, in one piece', async () => {
    await keep();
    expect(statSync(snapshot).mode & 0o777).toBe(0o600);
    expect(saved()).toEqual({
      format: 1,
      key: prefix,
      index: expect.any(Number),
      files: [
        ['/password', 'hunter2'],
        ['/port', '1'],
      ],
    });
    expect(readdirSync(directory)).toEqual(['shop.json']);
  });

  it('is written anew when the configuration changes, once for many changes, and never with what is refused', async () => {
    await using config = etcd.config(prefix, { schema, snapshot });
    await config.ready;
    await waitFor(() => saved().index > 0);
    const { ino } = statSync(snapshot);
    let written = 0;
    const watching = watch(directory, (_, name) => {
      if (name === 'shop.json') written++;
    });
    const start = performance.now();
    for (let port = 2; port <= 12; port++) await etcd.set(`${prefix}/port`, String(port));
    await waitFor(() => config.value.port === 12);
    await etcd.set(`${prefix}/port`, 'wrong');
    await waitFor(() => log.texts.some((text) => text.includes('is refused')));
    await waitFor(() => Object.fromEntries(saved().files)['/port'] === '12');
    await waitFor(() => written > 0);
    // Each write comes a second after the first change that it is for, at the earliest.
    const seconds = (performance.now() - start) / 1_000;
    watching.close();
    expect(statSync(snapshot).ino).not.toBe(ino);
    expect(written).toBeLessThanOrEqual(seconds);
  });

  it('is what a process starts with while etcd is away, with one warning', async () => {
    await keep();
    await using away = nowhere();
    await using config = away.config(prefix, { schema, snapshot, timeout: 50 });
    await config.ready;
    expect(config.value).toEqual({ port: 1, password: 'hunter2' });
    expect([config.isFromSnapshot, config.index]).toEqual([true, saved().index]);
    const warnings = log.lines.filter(({ message }) => message.includes(prefix));
    expect(warnings).toEqual([
      {
        level: 'warn',
        message: expect.stringMatching(
          /^The configuration of \/snapshot\/\d+ is that of .*shop.json, as it was at index \d+, until etcd gives a good one: .* was not loaded within 50 ms/,
        ),
      },
    ]);
  });

  it('gives way to etcd when that is back, as one change', async () => {
    await keep();
    const port = await freePort();
    await using late = new EtcdClient({ hosts: `http://127.0.0.1:${port}`, logger: log });
    await using config = late.config(prefix, { schema, snapshot, timeout: 50 });
    await config.ready;
    const changes: (readonly string[])[] = [];
    config.on('change', ({ keys }) => changes.push(keys));
    await using started = await EtcdMember.start({ clientPort: port });
    await using writer = new EtcdClient({ hosts: started.url, ...patient });
    // In one step, because a part of it would be refused.
    await writer.set(prefix, '{"port": 2, "password": "other"}');
    await waitFor(() => changes.length > 0);
    expect(changes).toEqual([['/', '/password', '/port']]);
    expect(config.value).toEqual({ port: 2, password: 'other' });
    expect(config.isFromSnapshot).toBe(false);
    expect(log.texts.at(-1)).toMatch(/is that of etcd again, at index \d+\.$/);
  });

  it('stands for a state of etcd that is refused at the start', async () => {
    await keep();
    await etcd.set(`${prefix}/port`, 'wrong');
    await using config = etcd.config(prefix, { schema, snapshot });
    await config.ready;
    expect([config.value.port, config.isFromSnapshot]).toEqual([1, true]);
    await etcd.set(`${prefix}/port`, '2');
    await waitFor(() => config.value.port === 2);
    expect(config.isFromSnapshot).toBe(false);
  });

  it('is not read while etcd gives a good state', async () => {
    await keep();
    writeFileSync(snapshot, 'rubbish');
    await using config = etcd.config(prefix, { schema, snapshot });
    await config.ready;
    expect(config.value.port).toBe(1);
    expect(log.lines).toEqual([]);
  });

  it.each<[string, (kept: object) => string | undefined, RegExp]>([
    ['is missing', () => undefined, /shop\.json cannot be read \(ENOENT\)/],
    ['is no JSON', () => '{', /shop\.json holds no state of .* in format 1/],
    ['has an older format', (kept) => JSON.stringify({ ...kept, format: 0 }), /holds no state of .* in format 1/],
    ['is that of another prefix', (kept) => JSON.stringify({ ...kept, key: '/other' }), /holds no state of/],
    ['holds something else', (kept) => JSON.stringify({ ...kept, files: [['/a', 1]] }), /holds no state of/],
    ['is refused by the schema of today', (kept) => JSON.stringify({ ...kept, files: [] }), /what .* holds is refused: .* at port, password/],
  ])('does not stand for etcd when it %s', async (_, change, problem) => {
    await keep();
    const text = change(saved());
    if (text === undefined) rmSync(snapshot);
    else writeFileSync(snapshot, text);
    await using away = nowhere();
    const config = away.config(prefix, { schema, snapshot, timeout: 50 });
    await expect(config.ready).rejects.toThrow(EtcdTimeoutError);
    await expect(config.ready).rejects.toThrow(/start once while etcd is there, so that the `snapshot` is written/);
    expect(log.texts.join('\n')).toMatch(problem);
    expect(log.texts.join('\n')).not.toContain('hunter2');
  }); // prettier-ignore

  it('is not taken for that of the same key in another namespace', async () => {
    const inside = prefix.slice('/snapshot'.length);
    await using config = etcd.namespace('/snapshot').config(inside, { schema, snapshot });
    await config.ready;
    await config.close();
    await using away = nowhere();
    const other = away.namespace('/other').config(inside, { schema, snapshot, timeout: 50 });
    await expect(other.ready).rejects.toThrow(EtcdTimeoutError);
    expect(log.texts.join()).toContain(`holds no state of /other${inside} in format 1`);
    await using same = away.config(prefix, { schema, snapshot, timeout: 50 });
    await same.ready;
    expect(same.value.port).toBe(1);
  });

  it('leaves nothing behind of processes that have crashed while they wrote it', async () => {
    const id = '0b8a1d52-5e0b-4a3e-9f63-6b6f3f6a2f10';
    const names = [`shop.json.${id}.tmp`, `shop.json.old.tmp`, `other.json.${id}.tmp`];
    const young = `shop.json.${id.replace('0', '1')}.tmp`;
    for (const name of [...names, young]) writeFileSync(join(directory, name), 'hunter2');
    const past = Date.now() / 1_000 - 61;
    for (const name of names) utimesSync(join(directory, name), past, past);
    await keep();
    expect(readdirSync(directory).sort()).toEqual([...names.slice(1), young, 'shop.json'].sort());
  });

  it('does not hide that etcd refuses, when there is none', async () => {
    await etcd.set(`${prefix}/port`, 'wrong');
    await expect(etcd.config(prefix, { schema, snapshot }).ready).rejects.toThrow(EtcdDecodeError);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('ends nothing when it cannot be written, and is told once', async () => {
    rmSync(directory, { recursive: true });
    await using config = etcd.config(prefix, { schema, snapshot });
    await config.ready;
    await waitFor(() => log.lines.length > 0);
    await etcd.set(`${prefix}/port`, '2');
    await waitFor(() => config.value.port === 2);
    await config.close();
    expect(log.texts).toEqual([`The configuration of ${prefix} cannot be kept in ${snapshot}: ENOENT`]);
  });
});
