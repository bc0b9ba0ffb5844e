import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { VirtualClock } from '../../../test/lock/virtual-clock.js';
import { pause, SystemClock } from './clock.js';

describe('SystemClock', () => {
  let steady = 0;
  let wall = 0;
  beforeEach(() => {
    steady = 5_000;
    wall = 1_000_000;
    jest.spyOn(performance, 'now').mockImplementation(() => steady);
    jest.spyOn(Date, 'now').mockImplementation(() => wall);
  });
  afterEach(() => void jest.restoreAllMocks());

  /** Lets both clocks run, and the wall clock be set as well. @returns how far the clock went */
  const run = (clock: SystemClock, milliseconds: number, set = 0) => {
    const before = clock.now();
    steady += milliseconds;
    wall += milliseconds + set;
    return clock.now() - before;
  };

  it('goes with the steady clock', () => {
    const clock = new SystemClock();
    expect([run(clock, 1), run(clock, 0), run(clock, 60_000)]).toEqual([1, 0, 60_000]);
  });

  it('does not go back, nor stand still, when the wall clock is set back', () => {
    const clock = new SystemClock();
    expect([run(clock, 10, -3_600_000), run(clock, 10)]).toEqual([10, 10]);
  });

  it('leaps ahead when the wall clock does, as it does when the machine has slept', () => {
    const clock = new SystemClock();
    expect(run(clock, 10, 30_000)).toBe(30_010);
    expect([run(clock, 10), run(clock, 10, 101)]).toEqual([10, 111]);
  });

  it('leaps ahead after the wall clock was set back, by how far it leapt since', () => {
    const clock = new SystemClock();
    run(clock, 10, -3_600_000);
    expect(run(clock, 10, 30_000)).toBe(30_010);
  });

  it('takes no notice of a wall clock that is corrected a little at a time', () => {
    const clock = new SystemClock();
    expect(Array.from({ length: 20 }, () => run(clock, 10, 100))).toEqual(Array(20).fill(10));
  });

  it('knows of a leap between its making and the first look', () => {
    const clock = new SystemClock();
    wall += 20_000;
    expect(clock.now()).toBe(25_000);
  });
});

describe('a call of the SystemClock', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('comes once, after its time, and at once for a time that has passed', () => {
    const [calls, clock] = [[] as string[], new SystemClock()];
    clock.after(100, () => calls.push('later'));
    clock.after(-5, () => calls.push('at once'));
    jest.advanceTimersByTime(1);
    expect(calls).toEqual(['at once']);
    jest.advanceTimersByTime(200);
    expect(calls).toEqual(['at once', 'later']);
  });

  it('does not come when it was taken back, and leaves no timer', () => {
    const call = jest.fn();
    const cancel = new SystemClock().after(100, call);
    cancel();
    cancel();
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(200);
    expect(call).not.toHaveBeenCalled();
  });
});

describe('pause', () => {
  it('ends when its time has passed', async () => {
    const clock = new VirtualClock();
    let isOver = false;
    void pause(clock, 100, new AbortController().signal).then(() => (isOver = true));
    await clock.pass(99);
    expect(isOver).toBe(false);
    await clock.pass(1);
    expect(isOver).toBe(true);
  });

  it('ends with the signal, or at once when that is aborted, and leaves no timer', async () => {
    const [clock, ending] = [new VirtualClock(), new AbortController()];
    const pausing = pause(clock, 100, ending.signal);
    expect(clock.pending).toBe(1);
    ending.abort();
    await pausing;
    await pause(clock, 100, ending.signal);
    expect(clock.pending).toBe(0);
  });
});
