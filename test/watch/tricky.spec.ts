import { describe, expect, it } from '@jest/globals';

import { watchTrickyMember } from './tricky-run.js';

describe('a member with every trap of etcd v2, slow and cut off by chance', () => {
  it.each([1, 2, 3, 4, 5, 6])('makes a watcher lose, double and reorder nothing (seed %i)', async (seed) => {
    const { faults, told } = await watchTrickyMember(seed);
    expect({ seed, faults }).toEqual({ seed, faults: [] });
    expect(told).toBeGreaterThan(100);
  });
});
