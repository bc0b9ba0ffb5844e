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

describe('a change of what is held', () => {
  let world: VirtualWorld;
  beforeEach(() => {
    world = new VirtualWorld();
    jest.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(() => void jest.restoreAllMocks());

  const stored = () => world.etcd.files.get('/k')?.value;

  it('writes the new value, and makes the key live from then on', async () => {
    const holding = world.hold();
    await world.clock.pass(2_000);
    await holding.change('w');
    expect([stored(), holding.value, holding.remaining]).toEqual(['w', 'w', 9_000]);
    await holding.renew();
    expect(await holding.release()).toBe(true);
  });

  it('waits for a renewal that is under way', async () => {
    const holding = world.hold();
    world.network.stop();
    const renewing = holding.renew();
    const changing = holding.change('w');
    await settled();
    expect(world.network.calls).toEqual(['refresh /k']);
    world.network.go();
    await Promise.all([renewing, changing]);
    expect(world.network.calls).toEqual(['refresh /k', 'swap /k']);
  });

  it.each([
    ['w', 'answer lost'],
    ['v', 'request lost'],
  ] as const)('keeps the key, which has %s, when its %s', async (value, fate) => {
    const holding = world.hold();
    holding.guard();
    await world.clock.pass(250);
    world.network.fates = [fate];
    expect(await caught(holding.change('w'))).toBeInstanceOf(Error);
    await world.clock.pass(60_000);
    expect([holding.isHeld, stored(), holding.value]).toEqual([true, value, value]);
    expect(await holding.release()).toBe(true);
  });

  it('keeps the key when it arrives after a renewal', async () => {
    const holding = world.hold();
    world.network.stop((what) => what.startsWith('swap'));
    world.network.fates = ['answer lost'];
    const failing = caught(holding.change('w'));
    world.etcd.swap('/k', 'w', { prevValue: 'v' }, 10);
    world.network.go();
    await failing;
    await holding.renew();
    expect([holding.isHeld, holding.value]).toEqual([true, 'w']);
  });

  it('removes the key whichever value it has, when it is released before that is known', async () => {
    const holding = world.hold();
    world.network.fates = ['answer lost'];
    await caught(holding.change('w'));
    expect(await holding.release()).toBe(true);
    expect(stored()).toBeUndefined();
  });

  it.each([
    ['removed', () => world.etcd.delete('/k', {})],
    ['taken', () => world.etcd.set('/k', 'x', 10)],
  ])('tells that the key was %s', async (loss, steal) => {
    const holding = world.hold();
    steal();
    expect(await caught(holding.change('w'))).toMatchObject({ code: 'ETCD_LEASE_LOST', loss });
    expect([holding.isHeld, lossOf(holding)]).toEqual([false, loss]);
  });
});

describe('the end of what is held', () => {
  let world: VirtualWorld;
  beforeEach(() => {
    world = new VirtualWorld();
    jest.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(() => void jest.restoreAllMocks());

  it('removes the key once, and aborts no signal', async () => {
    const holding = world.hold();
    const releasing = holding.release();
    expect(holding.release()).toBe(releasing);
    expect(await releasing).toBe(true);
    expect([holding.isHeld, holding.signal.aborted, world.etcd.files.size]).toEqual([false, false, 0]);
    expect([world.network.calls, world.clock.pending, world.held.size]).toEqual([['delete /k'], 0, 0]);
    expect(await caught(holding.renew())).toMatchObject({ loss: 'released' });
  });

  it('sends nothing when the key has gone to somebody else', async () => {
    for (const loss of ['removed', 'taken'] as const) {
      world = new VirtualWorld();
      const holding = world.hold();
      holding.lose(loss);
      expect(await holding.release()).toBe(false);
      expect(world.network.calls).toEqual([]);
    }
  });

  it('removes a key that has expired for its holder and not for etcd yet', async () => {
    const holding = world.hold();
    world.clock.leap(9_500);
    expect(holding.isHeld).toBe(false);
    expect(await holding.release()).toBe(true);
    expect(world.etcd.files.size).toBe(0);
  });

  it('sends nothing when etcd has removed the key for sure', async () => {
    const holding = world.hold();
    world.clock.leap(11_000);
    expect(await holding.release()).toBe(false);
    expect(world.network.calls).toEqual([]);
  });

  it('never removes the key of whoever has it next', async () => {
    const holding = world.hold();
    world.clock.leap(9_500);
    world.etcd.set('/k', 'of another', 10);
    expect(await holding.release()).toBe(false);
    expect(world.etcd.files.get('/k')?.value).toBe('of another');
  });

  it('says no after the timeout of the client, and tries on until the key is gone', async () => {
    const holding = world.hold(60);
    world.network.otherwise = 'request lost';
    let removed: boolean | undefined;
    void holding.release().then((answer) => (removed = answer));
    await world.clock.pass(4_999);
    expect(removed).toBeUndefined();
    await world.clock.pass(1);
    expect(removed).toBe(false);
    world.network.otherwise = 'answered';
    await world.clock.pass(1_000);
    expect([world.etcd.files.size, world.clock.pending, world.held.size]).toEqual([0, 0, 0]);
  });

  it('stops trying when the key would have expired', async () => {
    const holding = world.hold(1);
    world.network.otherwise = 'request lost';
    void holding.release();
    await world.clock.pass(5_000);
    expect([world.clock.pending, world.held.size]).toEqual([0, 0]);
  });

  it('takes it that a key is gone which it has asked to be removed before, without an answer', async () => {
    const holding = world.hold();
    world.network.fates = ['answer lost'];
    const releasing = holding.release();
    await world.clock.pass(100);
    expect(await releasing).toBe(true);
  });

  it('is not undone by a renewal that arrives later', async () => {
    const holding = world.hold();
    world.network.stop((what) => what.startsWith('refresh'));
    const failing = caught(holding.renew());
    await settled();
    expect(await holding.release()).toBe(true);
    world.network.go();
    expect(await failing).toMatchObject({ loss: 'released' });
    await settled();
    expect(world.etcd.files.size).toBe(0);
  });

  it('is told to who holds it when the client closes, which removes the key', async () => {
    const holding = world.hold();
    await world.close();
    expect([holding.isHeld, lossOf(holding), world.etcd.files.size]).toEqual([false, 'closed', 0]);
    expect([world.clock.pending, world.held.size, world.warnings]).toEqual([0, 0, []]);
  });
});
