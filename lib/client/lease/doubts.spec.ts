import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { EtcdCompareFailedError } from '../errors/index.js';
import { settled } from '../../../test/lock/virtual-clock.js';
import { VirtualWorld } from '../../../test/lock/virtual-world.js';
import { Place } from '../lock/place.js';
import { EtcdLease } from './lease.js';

const failed = (work: Promise<unknown>) => work.catch(() => undefined);

describe('what is in doubt', () => {
  let world: VirtualWorld;
  beforeEach(() => {
    world = new VirtualWorld();
    jest.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(() => void jest.restoreAllMocks());

  it('is no loss when a watch tells of a change before the last one', async () => {
    const holding = world.hold();
    holding.guard();
    await world.clock.pass(250);
    world.network.stop((what) => what.startsWith('event'));
    await holding.change('w');
    await holding.change('x');
    world.network.go();
    await settled();
    expect(holding.isHeld).toBe(true);
  });

  it('is no loss when a second change follows one whose answer was lost', async () => {
    const holding = world.hold();
    world.network.fates = ['answer lost'];
    await failed(holding.change('w'));
    await failed(holding.change('x'));
    await failed(holding.renew());
    expect(holding.isHeld).toBe(true);
  });

  it('leaves no entry when a change and the removal after it were not answered', async () => {
    const holding = world.hold();
    world.network.fates = ['answer lost', 'request lost'];
    await failed(holding.change('w'));
    const releasing = holding.release();
    await world.clock.pass(100);
    await releasing;
    expect(world.etcd.files.size).toBe(0);
  });

  it('is not taken for a removal of its own when the request was never sent', async () => {
    const holding = world.hold();
    world.network.fates = ['request lost'];
    const releasing = holding.release();
    await settled();
    world.etcd.delete('/k', {});
    await world.clock.pass(100);
    expect(await releasing).toBe(false);
  });

  it('lets no renewal be done long after it was sent, which would shorten its life', async () => {
    const sent: unknown[] = [];
    world.keys.onWrite = (write) => write.kind === 'refresh' && sent.push(write);
    const holding = world.hold();
    const { index } = world.etcd;
    await world.clock.pass(10_000);
    expect(sent.length).toBeGreaterThan(1);
    // A member has reckoned at 3,333 ms when the key expires, and raft comes to it only now.
    const first = () => world.etcd.refresh('/k', 3.333, { prevValue: 'v', prevIndex: index });
    expect(first).toThrow(EtcdCompareFailedError);
    expect(sent).toContainEqual(expect.objectContaining({ prevIndex: index }));
    expect(holding.isHeld).toBe(true);
  });

  it('regains a lease whose key was made too late', async () => {
    world.network.stop((what) => what.startsWith('answer to create'));
    const opening = EtcdLease.open(world.context, '/k', 'v', { ttl: 1, whenLost: 'reacquire' });
    await world.clock.pass(1_500);
    world.etcd.sweep();
    world.network.go();
    const lease = await opening;
    await world.clock.pass(5_000);
    expect(lease.isHeld).toBe(true);
  });

  it('does not remove a key that was regained after a try whose answer was lost', async () => {
    const lease = await EtcdLease.open(world.context, '/k', 'v', { ttl: 10, whenLost: 'reacquire' });
    const losses: string[] = [];
    lease.on('lost', ({ loss }) => losses.push(loss));
    await world.clock.pass(300);
    world.etcd.delete('/k', {});
    // The first try to make it again is done, and its answer lost; so is the removal of that, which is tried again.
    world.network.fates = ['answered', 'answer lost', 'answer lost', 'request lost', 'request lost'];
    await world.clock.pass(5_000);
    expect([losses, lease.isHeld]).toEqual([['removed'], true]);
  });

  it('keeps no timer of a client that has closed while somebody queued up', async () => {
    world.network.stop();
    const queueing = failed(
      Place.enter(world.context, { directory: '/_locks/a', ttl: 10, value: () => 'u' }),
    );
    await settled();
    await world.close();
    await queueing;
    await world.clock.pass(300);
    expect(world.clock.pending).toBe(0);
  });

  it('keeps no timer of a client that has closed while a lease was made', async () => {
    world.network.stop((what) => what.startsWith('answer'));
    const opening = EtcdLease.open(world.context, '/k', 'v', { ttl: 10 });
    await settled();
    // What is held takes a while to be given back, and the answer comes meanwhile.
    await world.giveBack();
    world.network.go();
    await expect(opening).rejects.toMatchObject({ code: 'ETCD_CLOSED' });
    await world.keys.close();
    await world.clock.pass(4_000);
    expect(world.clock.pending).toBe(0);
  });
});
