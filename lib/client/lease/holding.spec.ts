import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { settled } from '../../../test/lock/virtual-clock.js';
import { VirtualWorld } from '../../../test/lock/virtual-world.js';
import type { Holding } from './holding.js';

const lossOf = ({ signal }: Holding) => (signal.reason as { loss?: string } | undefined)?.loss;
const caught = (failing: Promise<unknown>) =>
  failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe('Holding', () => {
  let world: VirtualWorld;
  beforeEach(() => {
    world = new VirtualWorld();
    jest.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(() => void jest.restoreAllMocks());

  describe('its deadline', () => {
    it.each([
      [1, 900],
      [10, 9_000],
      [50, 45_000],
      [1_000, 995_000],
    ])('comes a tenth, and at most five seconds, before a TTL of %i s ends', (ttl, remaining) => {
      expect(world.hold(ttl).remaining).toBe(remaining);
    });

    it('counts from when the key was asked for, and not from the answer', () => {
      expect(world.hold(10, 4_000).remaining).toBe(5_000);
    });

    it('has passed from the beginning when the answer came too late', () => {
      const holding = world.hold(10, 9_000);
      expect([holding.isHeld, holding.remaining, lossOf(holding)]).toEqual([false, 0, 'expired']);
      expect([world.clock.pending, world.held.size]).toEqual([0, 0]);
    });

    it('counts from when a renewal was sent', async () => {
      const holding = world.hold();
      world.network.stop((what) => what.startsWith('answer'));
      const renewing = holding.renew();
      await world.clock.pass(3_000);
      world.network.go();
      await renewing;
      expect(holding.remaining).toBe(6_000);
    });

    it('is known at once when the clock leaps, before any timer', () => {
      const holding = world.hold();
      world.clock.leap(8_999);
      expect(holding.isHeld).toBe(true);
      world.clock.leap(1);
      expect([holding.isHeld, holding.remaining, lossOf(holding)]).toEqual([false, 0, 'expired']);
    });

    it('is told within a tenth of the TTL after a leap, though nobody asks', async () => {
      world.network.stop();
      const holding = world.hold();
      const timers = world.clock.next ?? 0;
      expect(timers).toBe(1_000);
      world.clock.leap(30_000);
      world.clock.fire();
      await settled();
      expect([holding.signal.aborted, world.clock.pending]).toEqual([true, 0]);
      expect(world.warnings).toEqual(['The lease of /k is lost: it could not be renewed in time.']);
    });

    it('is not put off by an answer that comes when it has passed', async () => {
      const holding = world.hold();
      world.network.stop((what) => what.startsWith('answer'));
      const failing = caught(holding.renew());
      await world.clock.pass(9_000);
      world.network.go();
      expect(await failing).toMatchObject({ code: 'ETCD_LEASE_LOST', loss: 'expired' });
      expect(holding.isHeld).toBe(false);
    });
  });

  describe('its renewal', () => {
    it.each([
      [0, 3_333],
      [1, 2_833],
    ])('comes after a third of the TTL, and a little earlier by chance (%i)', async (chance, due) => {
      jest.spyOn(Math, 'random').mockReturnValue(chance);
      world.hold();
      await world.clock.pass(due);
      expect(world.network.calls).toEqual([]);
      await world.clock.pass(1);
      expect(world.network.calls).toEqual(['refresh /k']);
    });

    it('keeps the key alive for as long as it is held', async () => {
      const holding = world.hold();
      for (let seconds = 0; seconds < 59; seconds++) {
        await world.clock.pass(1_000);
        world.etcd.sweep();
      }
      expect([holding.isHeld, world.etcd.files.has('/k')]).toEqual([true, true]);
      expect(world.network.count('refresh')).toBe(17);
    });

    it('is one at a time, and shared by all who ask for it', async () => {
      const holding = world.hold();
      world.network.stop();
      const renewals = [holding.renew(), holding.renew()];
      await world.clock.pass(4_000);
      renewals.push(holding.renew());
      expect(new Set(renewals).size).toBe(1);
      expect(world.network.calls).toEqual(['refresh /k']);
      world.network.go();
      await Promise.all(renewals);
    });

    it('is tried again, more and more rarely, until the deadline has passed', async () => {
      world.network.otherwise = 'request lost';
      const holding = world.hold();
      await world.clock.pass(3_333);
      const times: number[] = [];
      for (let step = 0; step < 5_700; step++) {
        const before = world.network.calls.length;
        await world.clock.pass(1);
        if (world.network.calls.length > before) times.push(world.clock.now());
      }
      const pauses = times.slice(1).map((time, i) => Math.round(time - (times[i] as number)));
      expect(pauses).toEqual([50, 100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000]);
      expect([holding.isHeld, lossOf(holding), world.clock.pending]).toEqual([false, 'expired', 0]);
    });

    it('goes on at its own pace when it has succeeded again', async () => {
      world.network.fates = ['request lost', 'answer lost', 'settled'];
      const holding = world.hold();
      await world.clock.pass(3_600);
      // The third one finds the index of the second, which was done, and is sent again with that.
      expect([world.network.count('refresh'), world.network.count('get')]).toEqual([4, 1]);
      await world.clock.pass(3_000);
      expect([world.network.count('refresh'), holding.isHeld]).toEqual([4, true]);
    });

    it('fails for who asks with what the request fails with, while it is still held', async () => {
      const holding = world.hold();
      world.network.fates = ['request lost'];
      expect(await caught(holding.renew())).toMatchObject({ code: 'ETCD_CONNECTION' });
      expect(holding.isHeld).toBe(true);
    });

    it.each([
      ['removed', () => world.etcd.delete('/k', {})],
      ['taken', () => world.etcd.set('/k', 'w', 10)],
      ['taken', () => world.etcd.set('/k', 'v', 10)],
    ])('tells that the key was %s', async (loss, steal) => {
      const holding = world.hold();
      steal();
      expect(await caught(holding.renew())).toMatchObject({ code: 'ETCD_LEASE_LOST', loss });
      expect([holding.isHeld, lossOf(holding)]).toEqual([false, loss]);
      expect(await caught(holding.renew())).toMatchObject({ loss });
    });

    it('does not bring back what has expired', async () => {
      const holding = world.hold();
      world.network.stop();
      const failing = caught(holding.renew());
      await world.clock.pass(10_000);
      world.etcd.sweep();
      world.network.go();
      await failing;
      await settled();
      expect(world.etcd.files.size).toBe(0);
    });
  });

  describe('what guards it', () => {
    it('watches only what is held for longer than a quarter of a second', async () => {
      const holding = world.hold();
      holding.guard();
      holding.guard();
      await world.clock.pass(249);
      expect(world.keys.watches.size).toBe(0);
      await world.clock.pass(1);
      expect(world.keys.watches.size).toBe(1);
      await holding.release();
      await settled();
      expect(world.keys.watches.size).toBe(0);
    });

    it.each([
      ['removed', () => world.etcd.delete('/k', {})],
      ['taken', () => world.etcd.set('/k', 'w', 10)],
      ['taken', () => world.etcd.set('/k', 'v', 10)],
    ])('tells at once that the key was %s, even before it watched', async (loss, steal) => {
      const holding = world.hold();
      holding.guard();
      steal();
      expect(holding.isHeld).toBe(true);
      await world.clock.pass(250);
      expect([holding.isHeld, lossOf(holding)]).toEqual([false, loss]);
      expect(world.network.count('refresh')).toBe(0);
    });

    it('takes no notice of its own change', async () => {
      const holding = world.hold();
      holding.guard();
      await world.clock.pass(250);
      await holding.change('w');
      await world.clock.pass(100);
      expect([holding.isHeld, holding.value]).toEqual([true, 'w']);
    });

    it('takes the present state in place of events, too', async () => {
      const holding = world.hold();
      holding.guard();
      await world.clock.pass(250);
      world.network.fates = ['answered', 'request lost'];
      await holding.change('w');
      await world.clock.pass(100);
      expect(holding.isHeld).toBe(true);
      world.network.fates = ['request lost'];
      world.etcd.delete('/k', {});
      await settled();
      expect(lossOf(holding)).toBe('removed');
    });
  });
});
