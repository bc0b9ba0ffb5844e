import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { fuzzKeys, noFaults } from '../hostile/fuzz-keys.js';
import { EtcdMember } from '../support/etcd-member.js';

describe('20,000 hostile keys', () => {
  let member: EtcdMember;
  beforeAll(async () => {
    member = await EtcdMember.start({ proxy: true });
  });
  afterAll(() => member.stop());

  it('are stored where asked, or refused before anything is sent', async () => {
    const { stored, refused, ...faults } = await fuzzKeys(member, 20_000, 1);
    expect(faults).toEqual(noFaults);
    expect(stored + refused).toBe(20_000);
    expect(stored).toBeGreaterThan(12_000);
    expect(refused).toBeGreaterThan(1_000);
  }, 600_000);
});
