import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, type EtcdLogger, EtcdOptionsError, type EtcdSchema } from 'nestjs-etcd/client';
import { EtcdConfig } from '../../lib/client/config/index.js';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';

/** Refuses what is no number, when the next turn of the event loop is over. */
const schema: EtcdSchema<{ n: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: async (value) => {
      await new Promise(setImmediate);
      const { n } = value as { n: number };
      return typeof n === 'number' ? { value: { n } } : { issues: [{ message: 'no' }] };
    },
  },
};

describe('The logger of a configuration', () => {
  let member: EtcdMember;
  let etcd: EtcdClient;

  beforeAll(async () => {
    member = await EtcdMember.start();
    etcd = new EtcdClient({ hosts: member.url, ...patient });
  });

  afterAll(async () => {
    await etcd.close();
    await member.stop();
  });

  it('may fail, and the configuration goes on', async () => {
    await etcd.set('/log/n', '1');
    let calls = 0;
    const fail = (): never => {
      calls++;
      throw new Error('of the logger');
    };
    const failing: EtcdLogger = { log: fail, warn: fail, error: fail };
    await using config = new EtcdConfig(etcd, failing, '/log', { schema });
    await config.ready;
    await etcd.set('/log/n', 'wrong');
    await waitFor(() => calls === 1);
    await etcd.set('/log/n', '3');
    await waitFor(() => config.value.n === 3);
    expect(calls).toBe(2);
  });

  it('is refused without all of its methods', () => {
    const attempt = () => new EtcdConfig(etcd, { warn: () => undefined } as unknown as EtcdLogger, '/log');
    expect(attempt).toThrow(EtcdOptionsError);
    expect(attempt).toThrow(/^`logger`: needs a method `log\(message\)`/);
  });
});
