import { expect } from '@jest/globals';

/** What is left of seconds to live that were given a moment ago: at most 9 of them have passed. */
export const aTtlOf = (seconds: number): unknown => expect.closeTo(seconds - 4.5, -1);
