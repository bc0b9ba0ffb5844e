import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { settled } from '../../../test/lock/virtual-clock.js';
import { VirtualWorld } from '../../../test/lock/virtual-world.js';
import { EtcdNamedLock } from './lock.js';

const caught = (failing: Promise<unknown>) =>
  failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe('an entry that is taken over', () => {
  let world: VirtualWorld;
  let lock: EtcdNamedLock;
  beforeEach(() => {
    world = new VirtualWorld();
    lock = new EtcdNamedLock({ ...world.context, running: new AsyncLocalStorage() }, 'a', { ttl: 10 });
    jest.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(() => void jest.restoreAllMocks());

  it('is not acquired when somebody else has taken it over in the meantime', async () => {
    const { node } = world.etcd.append('/_locks/a', 'u', 10);
    world.network.stop((what) => what.startsWith('swap'));
    const failing = caught(lock.takeOver('u'));
    await settled();
    world.etcd.swap(node.key, 'w', { prevValue: 'u' }, 10);
    world.network.go();
    expect(await failing).toMatchObject({ code: 'ETCD_LOCK_NOT_ACQUIRED' });
  });

  it('is removed when the answer was lost', async () => {
    world.etcd.append('/_locks/a', 'u', 10);
    world.network.fates = ['answered', 'answer lost'];
    expect(await caught(lock.takeOver('u'))).toMatchObject({ code: 'ETCD_INDETERMINATE' });
    await world.clock.pass(2_000);
    expect(world.etcd.files.size).toBe(0);
  });

  it('has a lower token than the next one, although python-etcd has renewed it', async () => {
    const { node } = world.etcd.append('/_locks/a', 'u', 10);
    const waiting = lock.acquire();
    await settled();
    // python-etcd renews by a plain write, which gives the entry a new createdIndex.
    world.etcd.set(node.key, 'u', 10);
    const taken = await lock.takeOver('u');
    await taken.release();
    await settled();
    expect((await waiting).fencingToken).toBeGreaterThan(taken.fencingToken);
  });
});
