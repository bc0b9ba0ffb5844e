import { describe, expect, it } from '@jest/globals';

import { runHostileCases } from '../hostile/run-cases.js';

describe('20,000 hostile answers', () => {
  it('end in a typed error or in what they say, in time, once, and without a secret', async () => {
    const { faults, cases, results, codes } = await runHostileCases(20_000, 1, 32);
    expect(faults).toEqual([]);
    expect(cases).toBe(20_000);
    expect(results).toBeGreaterThan(1_000);
    expect(Object.keys(codes).length).toBeGreaterThan(15);
  }, 600_000);
});
