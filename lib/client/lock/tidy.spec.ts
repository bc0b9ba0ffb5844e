import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { Tidy } from './tidy.js';

describe('Tidy', () => {
  let removed: string[];
  let tidy: Tidy;
  beforeEach(() => {
    jest.useFakeTimers();
    removed = [];
    tidy = new Tidy(async (directory) => removed.push(directory));
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('removes what was not used for half a minute, and nothing that is used again', async () => {
    for (const directory of ['/a', '/b', '/c']) tidy.left(directory);
    await jest.advanceTimersByTimeAsync(10_000);
    tidy.used('/b');
    tidy.left('/c');
    await jest.advanceTimersByTimeAsync(20_000);
    expect(removed).toEqual(['/a']);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(removed).toEqual(['/a', '/c']);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(jest.getTimerCount()).toBe(0);
    expect(removed).toEqual(['/a', '/c']);
  });

  it('removes the rest when it closes, and nothing later', async () => {
    tidy.left('/a');
    await tidy.close();
    tidy.left('/b');
    await jest.advanceTimersByTimeAsync(60_000);
    expect(removed).toEqual(['/a']);
  });
});
