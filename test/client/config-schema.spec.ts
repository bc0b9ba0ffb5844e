import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdClient, type EtcdSchema, EtcdTimeoutError } from 'nestjs-etcd/client';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { LogKeeper } from './config-log-keeper.js';

/** A schema whose answers a test may hold back. */
class SlowSchema implements EtcdSchema<{ n: number }> {
  hangs: (n: number) => boolean = () => true;
  readonly #held: (() => void)[] = [];

  readonly '~standard' = {
    version: 1 as const,
    vendor: 'test',
    validate: async (value: unknown) => {
      const { n } = value as { n: number };
      if (this.hangs(n)) await new Promise<void>((resolve) => this.#held.push(resolve));
      return { value: { n } };
    },
  };

  release(): void {
    this.hangs = () => false;
    for (const resolve of this.#held.splice(0)) resolve();
  }
}

describe('A schema that hangs', () => {
  let member: EtcdMember;
  let etcd: EtcdClient;
  let directory: string;
  let prefix: string;
  let schema: SlowSchema;
  let number = 0;
  const log = new LogKeeper();

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'config-'));
    member = await EtcdMember.start();
    etcd = new EtcdClient({ hosts: member.url, logger: log, ...patient });
  });

  afterAll(async () => {
    await etcd.close();
    await member.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  beforeEach(async () => {
    prefix = `/slow/${++number}`;
    schema = new SlowSchema();
    await etcd.set(`${prefix}/n`, '1');
    log.lines.length = 0;
  });

  it('fails the start, which says what hangs', async () => {
    const error = await etcd.config(prefix, { schema, timeout: 2_000 }).ready.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(EtcdTimeoutError);
    expect((error as Error).message).toBe(
      `The configuration of ${prefix} was not loaded within 2000 ms, because its \`schema\` is asynchronous and has not answered. Find out what it waits for, or raise \`timeout\`.`,
    );
  });

  describe('where there is a snapshot', () => {
    let snapshot: string;

    beforeEach(async () => {
      snapshot = join(directory, `${number}.json`);
      const { hangs } = schema;
      schema.release();
      await using config = etcd.config(prefix, { schema, snapshot });
      await config.ready;
      schema.hangs = hangs;
    });

    it('fails the start when it hangs for the snapshot, too', async () => {
      const config = etcd.config(prefix, { schema, snapshot, timeout: 200 });
      await expect(config.ready).rejects.toThrow(EtcdTimeoutError);
      expect(log.texts.join()).toMatch(/has no snapshot: .*the `schema` has not answered within 200 ms/);
    });

    it('lets the states of etcd be looked at once it answers', async () => {
      await etcd.set(`${prefix}/n`, '2');
      schema.hangs = (n) => n === 2;
      await using config = etcd.config(prefix, { schema, snapshot, timeout: 200 });
      await config.ready;
      expect([config.value, config.isFromSnapshot]).toEqual([{ n: 1 }, true]);
      await etcd.set(`${prefix}/n`, '3');
      schema.release();
      await waitFor(() => config.value.n === 3);
      expect(config.isFromSnapshot).toBe(false);
    });
  });
});
