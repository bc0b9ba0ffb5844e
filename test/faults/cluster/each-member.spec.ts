import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdCluster } from '../../support/etcd-cluster.js';
import { type EtcdMember } from '../../support/etcd-member.js';
import { waitFor } from '../../support/wait-for.js';
import { Ledger } from './ledger.js';
import { report, tally } from '../report.js';

describe('each member of a cluster in turn, under load', () => {
  let cluster: EtcdCluster;

  beforeAll(async () => {
    cluster = await EtcdCluster.start(3);
  });
  afterAll(() => cluster.stop());

  const faults: Array<[name: string, fault: (member: EtcdMember) => Promise<void>]> = [
    [
      'killed',
      async (member) => {
        await member.kill();
        await member.restart();
      },
    ],
    ['restarted', (member) => member.restart()],
    [
      'stopped with SIGSTOP',
      async (member) => {
        member.pause();
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        member.resume();
      },
    ],
  ];

  for (const [name, fault] of faults) {
    it(`is ${name}, and what the callers are told is true`, async () => {
      for (const [i, member] of cluster.members.entries()) {
        await cluster.waitHealthy();
        const hosts = [member.url, ...cluster.urls.filter((url) => url !== member.url)];
        await using client = new EtcdClient({ hosts, order: 'given', timeout: 15_000 });
        const ledger = new Ledger(`/each-${name.replaceAll(' ', '-')}-${i}`);
        await ledger.write(client, 'counter');
        const stop = new AbortController();
        let written = 0;
        let read = 0;
        const writers = Array.from({ length: 6 }, async (_, w) => {
          for (let n = 0; !stop.signal.aborted; n++) if (await ledger.write(client, `${w}-${n}`)) written++;
        });
        const readFailures: unknown[] = [];
        let lastIndex = 0;
        let older = 0;
        const reader = (async () => {
          while (!stop.signal.aborted) {
            try {
              const { etcdIndex } = await client.get('/');
              if (etcdIndex < lastIndex) older++;
              lastIndex = etcdIndex;
              read++;
            } catch (error) {
              readFailures.push(error);
            }
          }
        })();
        await waitFor(() => written > 50 && read > 50);
        const wasLeader = (await cluster.leader()) === member;
        await fault(member);
        const [writtenThen, readThen] = [written, read];
        await waitFor(() => written > writtenThen + 100 && read > readThen + 100, { timeout: 20_000 });
        stop.abort();
        await Promise.all([...writers, reader]);

        const { lost, appeared } = await ledger.lies(cluster.urls);
        report(
          `${member.name} (${wasLeader ? 'leader' : 'follower'}) ${name}: ${ledger.count('acknowledged')} writes ` +
            `acknowledged, ${lost.length} lost; failed: ${tally(ledger.codes) || 'none'}; ` +
            `${appeared.length} definite ones applied; ${read} reads, ${readFailures.length} failed, ${older} older than seen`,
        );
        expect({ lost, appeared, readFailures, older }).toEqual({
          lost: [],
          appeared: [],
          readFailures: [],
          older: 0,
        });
      }
    });
  }
});
