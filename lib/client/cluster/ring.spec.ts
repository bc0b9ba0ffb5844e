import { afterEach, describe, expect, it } from '@jest/globals';

import { Connector } from '../http/connector.js';
import { Endpoint } from './endpoint.js';
import { Ring } from './ring.js';

describe('Ring', () => {
  const made: Endpoint[] = [];
  const endpoint = (name: string, configured = true) => {
    const one = new Endpoint(new URL(`http://${name}:2379`), configured, new Connector(undefined, 1_000), 1);
    made.push(one);
    return one;
  };
  const names = (ring: Ring) => ring.endpoints.map(({ address }) => new URL(address).hostname).join('');
  const ringOf = (order: 'random' | 'given' | 'leader', ...list: string[]) => {
    const ring = new Ring(order);
    for (const name of list) ring.add(endpoint(name));
    return ring;
  };
  const find = (ring: Ring, name: string) => ring.find(`http://${name}:2379`) as Endpoint;
  afterEach(async () => {
    await Promise.all(made.splice(0).map((one) => one.close(new Error('over'))));
  });

  it('begins with the first one and keeps configured ones in their order, as SRV records need it', () => {
    for (let i = 0; i < 20; i++) {
      const ring = ringOf('random', 'a', 'b', 'c', 'd');
      expect(names(ring)).toBe('abcd');
      expect(ring.pinned).toBe(find(ring, 'a'));
    }
  });

  it('mixes configured ones when asked to, and never where their order was given', () => {
    const orders = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const ring = ringOf('random', 'a', 'b', 'c');
      ring.shuffle();
      orders.add(names(ring));
      const given = ringOf('given', 'a', 'b', 'c');
      given.shuffle();
      expect(names(given)).toBe('abc');
    }
    expect([...orders].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
  });

  it('puts a learned one at a place by chance behind the pinned one, and does not move the pin', () => {
    const orders = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const ring = ringOf('random', 'a', 'b', 'c');
      ring.pin(find(ring, 'b'));
      ring.add(endpoint('x', false));
      expect(ring.pinned).toBe(find(ring, 'b'));
      orders.add(names(ring));
    }
    expect([...orders].sort()).toEqual(['abcx', 'abxc']);
  });

  it('goes on from the pinned one only, so that many calls that met the same failure move it once', () => {
    const ring = ringOf('given', 'a', 'b', 'c');
    const a = find(ring, 'a');
    for (let i = 0; i < 5; i++) ring.unpin(a);
    expect(ring.pinned).toBe(find(ring, 'b'));
    ring.unpin(find(ring, 'b'));
    ring.unpin(find(ring, 'c'));
    expect(ring.pinned).toBe(a);
  });

  it('offers none that was tried or rests, and says how long the shortest rest still is', () => {
    const ring = ringOf('given', 'a', 'b', 'c');
    const [a, b, c] = [find(ring, 'a'), find(ring, 'b'), find(ring, 'c')];
    b.markResting('ECONNREFUSED');
    const now = performance.now();
    expect(ring.next(new Set([a]), now)).toBe(c);
    expect(ring.next(new Set([a, c]), now)).toBeUndefined();
    expect(ring.restLeft(now)).toBe(0);
    a.markResting('ECONNREFUSED');
    c.markResting('ECONNREFUSED');
    expect(ring.restLeft(now)).toBeGreaterThan(900);
    expect(ring.restLeft(now)).toBeLessThanOrEqual(1_600);
    // Each rests by chance between 1 and 1.5 s.
    expect(ring.next(new Set(), now + 1_600)).toBe(a);
  });

  it('keeps its pin when another one is removed, and has one again when the pinned one is', () => {
    const ring = ringOf('given', 'a', 'b', 'c');
    ring.pin(find(ring, 'c'));
    ring.remove(find(ring, 'a'));
    expect(ring.pinned).toBe(find(ring, 'c'));
    ring.remove(find(ring, 'c'));
    expect(ring.pinned).toBe(find(ring, 'b'));
    ring.remove(find(ring, 'b'));
    expect(ring.pinned).toBeUndefined();
    expect(ring.next(new Set(), 0)).toBeUndefined();
  });
});
