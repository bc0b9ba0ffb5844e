import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { freePort } from '../support/wait-for.js';

/** Keeps this whole process from doing anything, for so many milliseconds. */
function standStill(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

describe('A client whose process stood still', () => {
  it.each([{ tryTimeout: 300 }, { timeout: 300 }])(
    'calls no member silent that has answered meanwhile: %j',
    async (limit) => {
      await using member = await EtcdMember.start();
      await using client = new EtcdClient({ hosts: member.url, ...limit });
      await client.version({ timeout: 10_000 });
      const written = client.set('/a', 'v', { timeout: limit.timeout ?? 10_000 });
      await turn();
      standStill(1_500);
      expect((await written).node.value).toBe('v');
    },
  );

  it.each(['at once', 'a moment later'])(
    'sends no write that it would give up right away, when it stands still %s',
    async (when) => {
      await using member = await EtcdMember.start();
      await using client = new EtcdClient({ hosts: member.url, tryTimeout: 1_500, timeout: 20_000 });
      // One connection is proven, and the other writes need some of their own.
      await client.version();
      const writes = Array.from({ length: 8 }, (_, i) => client.set(`/${i}`, 'v'));
      if (when === 'a moment later') await turn();
      standStill(2_000);
      const ends = await Promise.allSettled(writes);
      expect(ends.filter(({ status }) => status === 'rejected')).toEqual([]);
    },
  );

  it('calls no member silent that has refused meanwhile', async () => {
    await using client = new EtcdClient({ hosts: `http://127.0.0.1:${await freePort()}`, timeout: 300 });
    const failed = client.get('/a').catch((error: unknown) => error);
    standStill(1_500);
    expect(await failed).toMatchObject({ attempts: [{ outcome: 'ECONNREFUSED' }] });
  });
});
