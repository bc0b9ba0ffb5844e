import { beforeEach, describe, expect, it } from '@jest/globals';

import { ManualClock } from '../clock.js';
import { expirationOf } from './expiration.js';
import type { StoreEvent } from './store-event.js';
import { Store } from './store.js';
import type { Watcher } from './watcher.js';

const start = new Date('2026-11-22T12:00:00Z');

describe('TTLs', () => {
  let clock: ManualClock;
  let store: Store;
  beforeEach(() => {
    clock = new ManualClock(start);
    store = new Store({ clock, history: 1_000, initialIndex: 3 });
    clock.every(500, () => store.sweep(clock.now(), 1_000));
  });

  const until = (seconds: number) => expirationOf(clock.now(), BigInt(seconds));
  const set = (path: string, ttl?: number) =>
    store.set(
      path,
      { value: 'x', dir: false },
      { expiration: ttl === undefined ? undefined : until(ttl), refresh: false },
    );
  const node = (path: string) => store.get(path, { recursive: false, sorted: true }).node;
  const exists = (path: string) => {
    try {
      return node(path) !== undefined;
    } catch {
      return false;
    }
  };
  const watch = (path: string, waitIndex = 0): Watcher =>
    store.watch(path, { recursive: true, stream: true, waitIndex });
  const taken = (watcher: Watcher): StoreEvent[] => {
    const events: StoreEvent[] = [];
    for (let event = watcher.take(); event !== undefined; event = watcher.take()) events.push(event);
    return events;
  };

  it('are rounded up, and are gone with the sweep after their end', () => {
    clock.advance(250);
    set('/a', 2);
    expect(node('/a').ttl).toBe(2);
    clock.advance(1);
    expect(node('/a').ttl).toBe(2);
    clock.advance(1_000);
    expect(node('/a').ttl).toBe(1);
    clock.advance(999);
    expect(node('/a').ttl).toBe(0);
    clock.advance(249);
    expect(exists('/a')).toBe(true);
    clock.advance(1);
    expect(exists('/a')).toBe(false);
  });

  it('are negative while nobody sweeps, rounded towards zero', () => {
    const idle = new Store({ clock, history: 1_000, initialIndex: 3 });
    idle.set('/a', { value: '', dir: false }, { expiration: until(1) });
    clock.advance(2_900);
    expect(idle.get('/a', { recursive: false, sorted: false }).node.ttl).toBe(-1);
    clock.advance(200);
    expect(idle.get('/a', { recursive: false, sorted: false }).node.ttl).toBe(-2);
  });

  it('end in the order of time, each with an index and an event of its own', () => {
    const watcher = watch('/');
    for (const [i, ttl] of [5, 1, 4, 2, 3, 1].entries()) set(`/k${i}`, ttl);
    const index = store.index;
    taken(watcher);
    clock.advance(10_000);
    const events = taken(watcher);
    expect(events.map((event) => event.node.key)).toEqual(['/k1', '/k5', '/k3', '/k4', '/k2', '/k0']);
    expect(events.map((event) => event.index)).toEqual([1, 2, 3, 4, 5, 6].map((i) => index + i));
    expect(events.map((event) => event.action)).toEqual(Array.from({ length: 6 }, () => 'expire'));
    expect(store.hasTtls).toBe(false);
  });

  it('of a directory take what is in it along, with one event', () => {
    store.create('/d', { value: '', dir: true }, until(1));
    set('/d/short', 1);
    set('/d/long', 100);
    const watcher = watch('/d');
    clock.advance(1_500);
    expect(taken(watcher).map((event) => event.node)).toEqual([
      { key: '/d', dir: true, modifiedIndex: store.index, createdIndex: 4 },
      // A stream is told twice of its own key's end.
      { key: '/d', dir: true, modifiedIndex: store.index, createdIndex: 4 },
    ]);
    expect(store.hasTtls).toBe(false);
  });

  it('can be renewed until the sweep, and be taken away', () => {
    set('/a', 1);
    set('/b', 1);
    clock.advance(1_000 - 1);
    store.update('/a', '', { expiration: until(1), refresh: true });
    store.update('/b', 'stays');
    clock.advance(900);
    expect([exists('/a'), exists('/b')]).toEqual([true, true]);
    clock.advance(10_000);
    expect([exists('/a'), exists('/b')]).toEqual([false, true]);
  });

  it('that overflow are none for a new key, and long gone for an old one', () => {
    store.set('/a', { value: '', dir: false }, { expiration: expirationOf(clock.now(), 10_000_000_000n) });
    expect(node('/a').expiration).toBeUndefined();
    store.update('/a', '', { expiration: expirationOf(clock.now(), 10_000_000_000n) });
    expect(node('/a').ttl).toBe(-8_446_744_073);
    store.update('/a', '', { expiration: expirationOf(clock.now(), 9_000_000_000n) });
    // Go's difference of two times goes no further.
    expect(node('/a').ttl).toBe(-9_223_372_036);
    clock.advance(500);
    expect(exists('/a')).toBe(false);
  });

  it('keep their order in a heap of thousands, whatever is taken out of its middle', () => {
    const ttlOf = (i: number) => ((i * 7_919) % 4_999) + 1;
    for (let i = 0; i < 3_000; i++) set(`/k${i}`, ttlOf(i));
    for (let i = 0; i < 3_000; i += 3) store.delete(`/k${i}`, { dir: false, recursive: false });
    for (let i = 1; i < 3_000; i += 3) set(`/k${i}`, ttlOf(i + 1));
    const wanted: string[] = [];
    for (let i = 0; i < 3_000; i++) if (i % 3 !== 0) wanted.push(`/k${i}`);
    const end = (key: string) => {
      const i = Number(key.slice(2));
      return ttlOf(i % 3 === 1 ? i + 1 : i);
    };
    const ended: string[] = [];
    store.watch('/', { recursive: true, stream: true, waitIndex: 0 });
    while (store.hasTtls) {
      const watcher = watch('/');
      clock.advance(500);
      ended.push(...taken(watcher).map((event) => event.node.key));
      watcher.remove();
    }
    expect(ended.length).toBe(wanted.length);
    expect(ended.map(end)).toEqual(wanted.map(end).sort((a, b) => a - b));
  });
});
