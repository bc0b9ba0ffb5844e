import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd';
import { z } from 'zod';

import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';

export const schema = z.object({ db: z.object({ host: z.string(), port: z.number() }) });

/** An etcd for the tests of one file, each of which finds a configuration at a prefix of its own. */
export class ConfigStore {
  /** That of the test. */
  prefix = '';
  etcd!: EtcdClient;
  member!: EtcdMember;
  #number = 0;

  /** @param name what the prefixes begin with */
  constructor(name: string) {
    beforeAll(async () => {
      this.member = await EtcdMember.start();
      this.etcd = new EtcdClient({ hosts: this.member.url, ...patient });
    });
    afterAll(async () => {
      await this.etcd.close();
      await this.member.stop();
    });
    beforeEach(async () => {
      this.prefix = `/${name}/${++this.#number}`;
      await this.etcd.set(`${this.prefix}/db/host`, 'db-1');
      await this.etcd.set(`${this.prefix}/db/port`, '5432');
    });
  }
}
