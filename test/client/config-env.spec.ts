import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdDecodeError } from 'nestjs-etcd/client';
import { z } from 'zod';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { LogKeeper } from './config-log-keeper.js';

describe('A configuration with environment variables', () => {
  let member: EtcdMember;
  let etcd: EtcdClient;
  let prefix: string;
  let number = 0;
  const log = new LogKeeper();
  const variables = {
    TEST_DB_HOST: 'own',
    TEST_DB_PORT: '6000',
    TEST_LIMITS: '{"b": 2}',
    TEST_EMPTY: '',
  };

  beforeAll(async () => {
    member = await EtcdMember.start();
    etcd = new EtcdClient({ hosts: member.url, logger: log, ...patient });
  });

  afterAll(async () => {
    await etcd.close();
    await member.stop();
  });

  beforeEach(() => {
    prefix = `/env/${++number}`;
    log.lines.length = 0;
    Object.assign(process.env, variables);
  });

  afterEach(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });

  it('takes a variable that is set in place of what etcd has, there and below', async () => {
    await etcd.set(`${prefix}/db/host`, 'db-1');
    await etcd.set(`${prefix}/db/port`, '5432');
    await etcd.set(`${prefix}/limits/a`, '1');
    await etcd.set(`${prefix}/flags/new-ui`, 'false');
    const env = {
      TEST_DB_PORT: '/db/port',
      TEST_LIMITS: ['limits'],
      TEST_EMPTY: 'db/host',
      TEST_UNSET: '/flags/new-ui',
    };
    await using config = etcd.config(prefix, { env });
    await config.ready;
    const own = { db: { host: '', port: 6000 }, limits: { b: 2 } };
    expect(config.value).toEqual({ ...own, flags: { 'new-ui': false } });
    await etcd.set(`${prefix}/db/port`, '1');
    await etcd.set(`${prefix}/limits/c`, '1');
    await etcd.set(`${prefix}/flags/new-ui`, 'true');
    await waitFor(() => config.get('flags/new-ui') === true);
    expect(config.value).toEqual({ ...own, flags: { 'new-ui': true } });
  });

  it('keeps the other members of a JSON object in which a variable stands for one', async () => {
    await etcd.set(`${prefix}/db`, '{"host": "db-1", "port": 5432, "pool": {"min": 1}}');
    const env = { TEST_DB_HOST: '/db/host', TEST_DB_PORT: '/db/pool/max' };
    await using config = etcd.config(prefix, { env });
    await config.ready;
    expect(config.value).toEqual({ db: { host: 'own', port: 5432, pool: { min: 1, max: 6000 } } });
    const { db } = config.value as { db: { pool: object } };
    expect([db, db.pool].map((part) => Object.isFrozen(part))).toEqual([true, true]);
    await etcd.set(`${prefix}/db`, '{"host": "db-2", "port": 1}');
    await waitFor(() => config.get('db/port') === 1);
    expect(config.value).toEqual({ db: { host: 'own', port: 1, pool: { max: 6000 } } });
    await etcd.delete(`${prefix}/db`);
    await waitFor(() => config.get('db/port') === undefined);
    expect(config.value).toEqual({ db: { host: 'own', pool: { max: 6000 } } });
    await etcd.set(`${prefix}/db/port`, '2');
    await waitFor(() => config.get('db/port') === 2);
    expect(config.value).toEqual({ db: { host: 'own', port: 2, pool: { max: 6000 } } });
  });

  it('keeps the other members of one JSON document at the prefix', async () => {
    await etcd.set(prefix, '{"db": {"host": "db-1", "port": 5432}, "name": "shop"}');
    await using config = etcd.config(prefix, { env: { TEST_DB_HOST: '/db/host' } });
    await config.ready;
    expect(config.value).toEqual({ db: { host: 'own', port: 5432 }, name: 'shop' });
    await etcd.delete(prefix);
    await etcd.set(`${prefix}/db/port`, '1');
    await waitFor(() => config.get('db/port') === 1);
    expect(config.value).toEqual({ db: { host: 'own', port: 1 } });
  });

  it.each([
    ['text', 'hunter2'],
    ['a list', '["hunter2"]'],
    ['text in an object', '{"db": "hunter2"}'],
  ])('refuses a state with %s in which a variable stands for a member', async (_, text) => {
    await etcd.set(`${prefix}/a`, text);
    const error = (await etcd
      .config(prefix, { env: { TEST_DB_HOST: '/a/db/host' } })
      .ready.catch((reason: unknown) => reason)) as Error;
    expect(error).toBeInstanceOf(EtcdDecodeError);
    expect(error.message).toBe(
      `The value of ${prefix}/a cannot be decoded: the variable TEST_DB_HOST stands for /a/db/host, and there is no object here that could take its value; write a JSON object or a directory, or unset the variable`,
    );
  });

  it('does not tell of changes that a variable overrules, nor checks anything for them', async () => {
    await etcd.set(`${prefix}/db/host`, 'db-1');
    let checks = 0;
    const schema = z.looseObject({}).refine(() => ++checks > 0);
    await using config = etcd.config(prefix, { schema, env: { TEST_DB_HOST: '/db/host' } });
    await config.ready;
    const told: (readonly string[])[] = [];
    config.on('change', ({ keys }) => told.push(keys));
    const before = config.value;
    const { node } = await etcd.set(`${prefix}/db/host`, 'db-2');
    await waitFor(() => config.index === node.modifiedIndex);
    expect(config.value).toBe(before);
    expect(checks).toBe(1);
    await etcd.set(`${prefix}/db/port`, '1');
    await waitFor(() => told.length > 0);
    expect(told).toEqual([['/db/port']]);
  });
});
