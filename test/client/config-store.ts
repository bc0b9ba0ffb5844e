import { afterAll, beforeAll } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';
import { z } from 'zod';

import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { LogKeeper } from './config-log-keeper.js';

export const schema = z.object({
  db: z.object({ host: z.string(), port: z.number().int() }),
  flags: z.record(z.string(), z.boolean()).default({}),
});

/** Files that the schema takes. */
export const good = { '/db/host': 'db-1', '/db/port': '5432', '/flags/new-ui': 'false' };

/** An etcd for the tests of one file, and what its client logs. */
export class ConfigStore {
  readonly log = new LogKeeper();
  #member: EtcdMember | undefined;
  #etcd: EtcdClient | undefined;
  #number = 0;

  /** @param name what the prefixes begin with */
  constructor(private readonly name: string) {
    beforeAll(async () => {
      this.#member = await EtcdMember.start();
      this.#etcd = new EtcdClient({ hosts: this.#member.url, logger: this.log, ...patient });
    });
    afterAll(async () => {
      await this.#etcd?.close();
      await this.#member?.stop();
    });
  }

  get etcd(): EtcdClient {
    if (this.#etcd === undefined) throw new Error('No test has begun');
    return this.#etcd;
  }

  get member(): EtcdMember {
    if (this.#member === undefined) throw new Error('No test has begun');
    return this.#member;
  }

  /** Writes files below a prefix of their own, and forgets what was logged. @returns the prefix */
  async put(files: Record<string, string>, prefix = `/${this.name}/${++this.#number}`): Promise<string> {
    for (const [key, text] of Object.entries(files)) await this.etcd.set(`${prefix}${key}`, text);
    this.log.lines.length = 0;
    return prefix;
  }
}
