import { describe, expect, it } from '@jest/globals';

import { ManualClock } from '../clock.js';
import { Store } from './store.js';

const newStore = (history = 1_000) => new Store({ clock: new ManualClock(), history, initialIndex: 3 });
const value = { value: 'x', dir: false };

describe('watchers', () => {
  it('hold a hundred events for a slow reader, and are given up with the next one', () => {
    const store = newStore();
    const watcher = store.watch('/a', { recursive: false, stream: true, waitIndex: 0 });
    for (let i = 0; i < 100; i++) store.set('/a', value);
    expect(store.watchers).toBe(1);
    store.set('/a', value);
    expect(store.watchers).toBe(0);
    let events = 0;
    while (watcher.take() !== undefined) events++;
    expect(events).toBe(100);
    store.set('/a', value);
    expect(watcher.take()).toBeUndefined();
  });

  it('are no longer counted when they have had their event, or are removed, even twice', () => {
    const store = newStore();
    const once = store.watch('/a', { recursive: false, stream: false, waitIndex: 0 });
    const removed = store.watch('/a', { recursive: false, stream: true, waitIndex: 0 });
    expect(store.watchers).toBe(2);
    removed.remove();
    removed.remove();
    expect(store.watchers).toBe(1);
    store.set('/a', value);
    expect(store.watchers).toBe(0);
    store.set('/a', value);
    expect([once.take()?.index, once.take(), removed.take()]).toEqual([4, undefined, undefined]);
  });

  it('go back as far as the history does', () => {
    const store = newStore(10);
    for (let i = 0; i < 20; i++) store.set('/a', { value: String(i), dir: false });
    const options = { recursive: false, stream: false };
    expect(store.watch('/a', { ...options, waitIndex: 14 }).take()?.index).toBe(14);
    expect(() => store.watch('/a', { ...options, waitIndex: 13 })).toThrow(
      expect.objectContaining({
        errorCode: 401,
        reason: 'the requested history has been cleared [14/13]',
        index: 23,
      }),
    );
  });

  it('are not told of what a user or a role changes, which takes up an index', () => {
    const store = newStore();
    const watcher = store.watch('/', { recursive: true, stream: true, waitIndex: 0 });
    store.skipIndex();
    expect([store.index, watcher.take()]).toEqual([4, undefined]);
  });
});

describe('the cost of a write', () => {
  /** The fastest of several rounds, in µs: what else the machine does only adds to it. */
  function cost(operation: (i: number) => void): number {
    let best = Infinity;
    for (let round = 0; round < 10; round++) {
      const begin = performance.now();
      for (let i = 0; i < 500; i++) operation(i);
      best = Math.min(best, performance.now() - begin);
    }
    return (best / 500) * 1_000;
  }

  it('does not grow with the keys, the watchers elsewhere, and the TTLs', () => {
    const clock = new ManualClock();
    const costs = [1_000, 50_000].map((size) => {
      const store = new Store({ clock, history: 1_000, initialIndex: 3 });
      for (let i = 0; i < size; i++) {
        const expiration = clock.now() + BigInt(1_000_000_000 * (1 + (i % 1_000)));
        store.set(`/d${i % 100}/k${i}`, value, { expiration });
        store.watch(`/elsewhere/${i}`, { recursive: true, stream: true, waitIndex: 0 });
      }
      return cost((i) => store.set(`/new/${i}`, value, { expiration: clock.now() + 500_000_000n }));
    });
    // A cost that grew with the number would be fifty times as much.
    expect((costs[1] ?? Infinity) / (costs[0] ?? 1)).toBeLessThan(8);
  });
});
