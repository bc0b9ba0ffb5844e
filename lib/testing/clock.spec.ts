import { describe, expect, it } from '@jest/globals';

import { ManualClock, systemClock } from './clock.js';

describe('ManualClock', () => {
  it('stops on the way at each moment at which something is due, in order', () => {
    const clock = new ManualClock(new Date(0));
    const seen: string[] = [];
    clock.every(500, () => seen.push(`a ${clock.now() / 1_000_000n}`));
    const end = clock.every(300, () => seen.push(`b ${clock.now() / 1_000_000n}`));
    clock.advance(499);
    clock.advance(501);
    end();
    clock.advance(600);
    expect(seen).toEqual(['b 300', 'a 500', 'b 600', 'b 900', 'a 1000', 'a 1500']);
    expect(clock.now()).toBe(1_600_000_000n);
  });

  it('does not go back', () => {
    expect(() => new ManualClock().advance(-1)).toThrow(
      new RangeError('Expected `milliseconds` to be a finite number from 0 and up, got -1'),
    );
  });
});

describe('systemClock', () => {
  it('shows the time of this machine', () => {
    // It does not follow when the time of the machine is set, unlike `Date`.
    expect(Math.abs(Number(systemClock.now() / 1_000_000n) - Date.now())).toBeLessThan(60_000);
  });
});
