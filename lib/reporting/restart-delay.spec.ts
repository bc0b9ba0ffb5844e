import { describe, expect, it } from '@jest/globals';
import { restartDelay } from './restart-delay.js';

describe('restartDelay', () => {
  it('doubles from 1 second up to 30', () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 1_000].map((failures) => restartDelay(failures, () => 0));
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('takes off up to a fifth by chance', () => {
    expect(restartDelay(0, () => 1)).toBe(800);
    expect(restartDelay(10, () => 0.5)).toBe(27_000);
    const some = Array.from({ length: 100 }, () => restartDelay(0));
    expect(Math.min(...some)).toBeGreaterThanOrEqual(800);
    expect(new Set(some).size).toBeGreaterThan(10);
  });
});
