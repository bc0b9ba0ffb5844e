import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, type EtcdConfig, type EtcdConfigSelected, type EtcdSchema } from 'nestjs-etcd/client';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';

describe('What is selected of a configuration', () => {
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

  let checks = 0;
  const schema: EtcdSchema<unknown> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => {
        checks++;
        return { value };
      },
    },
  };
  // In a function of its own, so that no variable of the test holds what is forgotten.
  const selectMany = (config: EtcdConfig): EtcdConfigSelected<unknown> => {
    for (let i = 0; i < 1_000; i++) config.select('/n', { schema });
    return config.select('/n', { schema });
  };

  it('follows only for as long as somebody holds it', async () => {
    await etcd.set('/selected/n', '1');
    await using config = etcd.config('/selected');
    await config.ready;
    const kept = selectMany(config);
    expect(checks).toBe(1_001);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // What a reference has been made to lives until the event loop has gone on.
    await new Promise(setImmediate);
    collect();
    checks = 0;
    await etcd.set('/selected/n', '2');
    await waitFor(() => kept.current === 2);
    expect(checks).toBe(1);
  });
});
