import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';

import { type Action, Contest, type Story } from './contenders.js';
import type { Fate } from './fake-keys.js';

const who = fc.nat({ max: 3 });
const which = fc.nat({ max: 3 });

const acquire: fc.Arbitrary<Action> = fc.record(
  {
    do: fc.constant('acquire' as const),
    who,
    wait: fc.constantFrom(0, 300, 3_000, 9_000),
    patience: fc.constantFrom(30, 1_000),
  },
  { requiredKeys: ['do', 'who'] },
);
const use: fc.Arbitrary<Action> = fc.record({
  do: fc.constantFrom('renew', 'release', 'release'),
  which,
});
const pass: fc.Arbitrary<Action> = fc.record({
  do: fc.constant('pass' as const),
  milliseconds: fc.constantFrom(100, 400, 900, 1_100, 2_500),
  isLeap: fc.boolean(),
});
const steal: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constantFrom('overwrite', 'delete'), which }),
  fc.constant({ do: 'deleteAll' } as const),
);
const takeOver: fc.Arbitrary<Action> = fc.record({ do: fc.constant('takeOver' as const), who, which });
const close: fc.Arbitrary<Action> = fc.record({ do: fc.constant('close' as const), who });

const good: fc.Arbitrary<Fate> = fc.constant('answered');
const bad: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 6, arbitrary: good },
  { weight: 4, arbitrary: fc.constantFrom<Fate[]>('answer lost', 'request lost', 'settled') },
);

/** Stories of some kinds of actions, which begin with somebody who wants the lock. */
const stories = (fate: fc.Arbitrary<Fate>, ...actions: fc.Arbitrary<Action>[]): fc.Arbitrary<Story> =>
  fc.record({
    contenders: fc.integer({ min: 2, max: 4 }),
    ttl: fc.constantFrom(1, 2),
    actions: fc.array(
      fc.record({ action: fc.oneof(acquire, acquire, acquire, ...actions), arrivals: fc.nat({ max: 12 }) }),
      { minLength: 3, maxLength: 13 },
    ),
    fates: fc.array(fate, { maxLength: 30 }),
    lateness: fc.array(fc.nat({ max: 500 }), { minLength: 1, maxLength: 3 }),
    ending: fc.constantFrom('release', 'close'),
  });

/** Plays so many stories, in none of which may happen what must never happen. @returns how often the lock was acquired */
async function play(kind: fc.Arbitrary<Story>, numRuns: number): Promise<number> {
  let acquired = 0;
  const property = fc.asyncProperty(fc.scheduler(), kind, async (scheduler, story) => {
    const contest = new Contest(scheduler, story);
    expect(await contest.play()).toEqual([]);
    acquired += contest.acquired;
  });
  await fc.assert(property, { numRuns });
  return acquired;
}

/** Plays so many stories of each of four kinds. */
export function describeInterleavings(runs: number): void {
  describe('contenders whose requests and answers come in any order', () => {
    beforeEach(() => {
      // So that a seed tells the whole story.
      jest.spyOn(Math, 'random').mockReturnValue(0.5);
    });
    afterEach(() => void jest.restoreAllMocks());

    /** Stories in which nobody gets the lock would prove nothing. */
    const often = runs * 0.4;

    it('exclude each other, and leave nothing behind', async () => {
      expect(await play(stories(good, use, use, pass), runs)).toBeGreaterThan(often);
    });

    it('exclude each other when answers and requests are lost, and clients close', async () => {
      const kind = stories(bad, use, use, use, pass, pass, close);
      expect(await play(kind, runs)).toBeGreaterThan(often);
    });

    it('touch no entry of an outsider who overwrites and deletes theirs, and exclude each other as before', async () => {
      expect(await play(stories(bad, use, use, pass, steal), runs)).toBeGreaterThan(often);
    });

    it('take entries over, and exclude each other but for who has not heard of it yet', async () => {
      const kind = stories(bad, use, use, pass, takeOver, takeOver, close, steal);
      expect(await play(kind, runs)).toBeGreaterThan(often);
    });
  });
}
