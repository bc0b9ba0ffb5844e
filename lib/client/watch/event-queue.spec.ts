import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { EventQueue, type QueuedEvent } from './event-queue.js';
import { StoreEvent } from './store-event.js';

const MiB = 1024 * 1024;

/** An event that counts as if it had come in so many bytes. */
const queued = (index: number, bytes = 100): QueuedEvent => ({
  event: new StoreEvent(
    JSON.stringify({ action: 'set', node: { key: '/a', value: 'v', modifiedIndex: index } }),
    bytes,
  ),
  relation: 'self',
});

const indexes = (queue: EventQueue) => {
  const all: number[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) all.push(next.event.index);
  return all;
};

describe('EventQueue', () => {
  it('gives what was put in, in order, and then nothing', () => {
    const queue = new EventQueue(10);
    expect(queue.isEmpty).toBe(true);
    const first = queued(1);
    expect([queue.push(first), queue.push(queued(2))]).toEqual([true, true]);
    expect(queue.isEmpty).toBe(false);
    expect(queue.shift()).toBe(first);
    queue.push(queued(3));
    expect(indexes(queue)).toEqual([2, 3]);
    expect(queue.isEmpty).toBe(true);
    expect(queue.shift()).toBeUndefined();
  });

  it('takes as many as it may hold, and one more for each that was taken out', () => {
    const queue = new EventQueue(3);
    expect([1, 2, 3, 4].map((index) => queue.push(queued(index)))).toEqual([true, true, true, false]);
    queue.shift();
    expect([5, 6].map((index) => queue.push(queued(index)))).toEqual([true, false]);
    expect(indexes(queue)).toEqual([2, 3, 5]);
  });

  it('takes 4 MiB of events and not a byte more, however few they are', () => {
    const queue = new EventQueue(1_000);
    expect([1, 2, 3, 4].map((index) => queue.push(queued(index, MiB)))).toEqual([true, true, true, true]);
    expect(queue.push(queued(5, 1))).toBe(false);
    queue.shift();
    expect(queue.push(queued(6, MiB + 1))).toBe(false);
    expect(queue.push(queued(7, MiB))).toBe(true);
    expect(indexes(queue)).toEqual([2, 3, 4, 7]);
  });

  it('takes a single event of any length, or nobody would ever get it', () => {
    const queue = new EventQueue(10);
    expect(queue.push(queued(1, 9 * MiB))).toBe(true);
    expect(queue.push(queued(2, 1))).toBe(false);
    expect(queue.shift()?.event.index).toBe(1);
    expect([queue.push(queued(3, 1)), queue.push(queued(4, 4 * MiB))]).toEqual([true, false]);
    queue.clear();
    expect(queue.push(queued(5, 4 * MiB))).toBe(true);
    expect(indexes(queue)).toEqual([5]);
  });

  it('is a list with bounds, over any number of steps', () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(1, 1_000, MiB, 3 * MiB, 5 * MiB) },
        { weight: 5, arbitrary: fc.constant('shift' as const) },
        { weight: 1, arbitrary: fc.constant('clear' as const) },
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), steps, (most, all) => {
        const queue = new EventQueue(most);
        let model: { index: number; bytes: number }[] = [];
        const did: unknown[] = [];
        const expected: unknown[] = [];
        all.forEach((step, index) => {
          if (step === 'clear') {
            queue.clear();
            model = [];
          } else if (step === 'shift') {
            did.push(queue.shift()?.event.index);
            expected.push(model.shift()?.index);
          } else {
            did.push(queue.push(queued(index + 1, step)));
            const sum = model.reduce((total, { bytes }) => total + bytes, step);
            const fits = model.length === 0 || (model.length < most && sum <= 4 * MiB);
            expected.push(fits);
            if (fits) model.push({ index: index + 1, bytes: step });
          }
          did.push(queue.isEmpty);
          expected.push(model.length === 0);
        });
        expect([...did, ...indexes(queue)]).toEqual([...expected, ...model.map(({ index }) => index)]);
      }),
      { numRuns: 500 },
    );
  });

  it('stays in order while thousands go through it', () => {
    const queue = new EventQueue(3_000);
    const out: number[] = [];
    for (let index = 1; index <= 10_000; index++) {
      expect(queue.push(queued(index))).toBe(true);
      // Two thousand lie in it all the time.
      if (index > 2_000) out.push(queue.shift()?.event.index ?? 0);
    }
    expect([...out, ...indexes(queue)]).toEqual(Array.from({ length: 10_000 }, (_, i) => i + 1));
  });
});
