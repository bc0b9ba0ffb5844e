import { expect } from '@jest/globals';
import { EtcdClient, EtcdLeaseLostError, EtcdOptionsError, type EtcdLockHandle } from 'nestjs-etcd/client';

import { waitFor } from '../../support/wait-for.js';
import type { RowTests, World } from '../world.js';

const caught = (failing: Promise<unknown>) =>
  failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );

/** A name that no other row uses. */
const nameOf = (world: World) => world.key().slice(1);

/** Uses a lock that is held. */
const holding = async (world: World, use: (held: EtcdLockHandle, name: string) => Promise<void>) => {
  const name = nameOf(world);
  await using held = await world.etcd.lock(name).acquire();
  await use(held, name);
};

const tellsLoss = (world: World) =>
  holding(world, async (held) => {
    const requests = world.lines.length;
    expect(held.isHeld).toBe(true);
    expect(world.lines).toHaveLength(requests);
    await world.etcd.delete(held.key);
    await waitFor(() => held.signal.aborted);
    expect(held.isHeld).toBe(false);
  });

export const lockRows: RowTests = {
  'Client(lock_prefix)': async (world) => {
    const [name, prefix] = [nameOf(world), world.key()];
    expect(() => new EtcdClient({ lockPrefix: prefix } as never)).toThrow(EtcdOptionsError);
    for (const given of [prefix, `${prefix}/`, prefix.slice(1)]) {
      await using held = await world.etcd.lock(name, { prefix: given }).acquire();
      expect(held.key).toMatch(new RegExp(`^${prefix}/${name}/\\d{20}$`));
    }
    expect(world.etcd.lock(name).key).toBe(`/_locks/${name}`);
  },
  'Client.lock_prefix': ({ etcd }) => {
    expect(etcd).not.toHaveProperty('lockPrefix');
    expect(etcd.lock('a', { prefix: '/mine' }).key).toBe('/mine/a');
  },
  'Client.election': async (world) => {
    const election = world.etcd.election(nameOf(world));
    await using first = await election.campaign('first');
    const campaigning = election.campaign('second');
    await waitFor(async () => (await election.candidates()).length === 2);
    expect(await election.leader()).toMatchObject({ value: 'first', term: first.term });
    await first.resign();
    await using second = await campaigning;
    expect([first.isLeader, second.isLeader]).toEqual([false, true]);
  },
  'Client.get_lock': ({ etcd }) => {
    expect(etcd).not.toHaveProperty('getLock');
    expect(etcd.lock('a')).toMatchObject({ name: 'a', ttl: 10 });
  },
  'Lock(client, lock_name)': async (world) => {
    const requests = world.lines.length;
    const lock = world.etcd.lock('a/b');
    expect([lock.key, world.lines.length]).toEqual(['/_locks/a%2Fb', requests]);
    // Which of the two comes first is not said.
    const acquiring = [lock.acquire(), lock.acquire()];
    const one = await Promise.race(acquiring);
    expect(one.isHeld).toBe(true);
    await one.release();
    const both = await Promise.all(acquiring);
    const other = both.find((held) => held !== one);
    expect([other?.isHeld, other?.key === one.key]).toEqual([true, false]);
    await other?.release();
  },
  'Lock.acquire': (world) =>
    holding(world, async (held, name) => {
      const { etcd } = world;
      const lock = etcd.lock(name, { ttl: 3 });
      expect([held.ttl, lock.ttl]).toEqual([10, 3]);
      expect(await lock.tryAcquire()).toBeUndefined();
      const before = performance.now();
      expect(await caught(lock.acquire({ wait: 2_000 }))).toMatchObject({ code: 'ETCD_LOCK_NOT_ACQUIRED' });
      expect(performance.now() - before).toBeGreaterThan(1_990);
      // Its entry would live for 3 s.
      await waitFor(async () => (await lock.waiters()).length === 0, { timeout: 2_000 });
      const waiting = lock.acquire();
      await held.release();
      await using next = await waiting;
      // Longer than it would live.
      await waitFor(() => next.remaining < 2_000);
      await waitFor(() => next.remaining > 2_000);
      expect(next.isHeld).toBe(true);
    }),
  'Lock.release': (world) =>
    holding(world, async (held, name) => {
      await world.etcd.set(held.key, 'of another', { ttl: 20 });
      expect(await held.release()).toBe(false);
      expect((await world.etcd.lock(name).holder())?.uuid).toBe('of another');
      await world.etcd.delete(held.key);
      const again = await world.etcd.lock(name).acquire();
      expect([await again.release(), await again.release()]).toEqual([true, true]);
    }),
  'Lock.is_acquired': tellsLoss,
  'Lock.is_taken': tellsLoss,
  'Lock.uuid': (world) =>
    holding(world, async (held, name) => {
      expect((await world.etcd.get(held.key)).node.value).toBe(held.uuid);
      await world.with({}, async (etcd) => {
        const taken = await etcd.lock(name).takeOver(held.uuid);
        expect([taken.key, taken.uuid === held.uuid]).toEqual([held.key, false]);
        await waitFor(() => held.signal.aborted);
        expect(held.signal.reason).toMatchObject({ loss: 'taken' });
        expect(await caught(etcd.lock(name).takeOver(held.uuid))).toMatchObject({
          code: 'ETCD_LOCK_NOT_ACQUIRED',
        });
      });
    }),
  'Lock.lock_key': (world) =>
    holding(world, async (held, name) => {
      expect(held.key).toMatch(new RegExp(`^/_locks/${name}/\\d{20}$`));
      expect((await world.etcd.lock(name).holder())?.key).toBe(held.key);
    }),
  'Lock.name': (world) =>
    holding(world, async (held, name) => {
      expect([world.etcd.lock(name).name, held.name]).toEqual([name, name]);
    }),
  'Lock.path': ({ etcd }) => {
    expect(etcd.lock('a').key).toBe('/_locks/a');
  },
  'Lock.client': ({ etcd }) => {
    expect(etcd.lock('a')).not.toHaveProperty('client');
  },
  'Lock.__enter__': async (world) => {
    const lock = world.etcd.lock(nameOf(world), { ttl: 5 });
    const error = new Error('of the code');
    const entered = lock.run(async ({ isHeld, key }) => {
      expect(isHeld).toBe(true);
      expect([4, 5]).toContain((await world.etcd.get(key)).node.ttl);
      throw error;
    });
    expect(await caught(entered)).toBe(error);
    {
      await using held = await lock.acquire();
      expect((await lock.holder())?.key).toBe(held.key);
    }
    expect(await lock.holder()).toBeUndefined();
  },
  EtcdLockExpired: (world) =>
    holding(world, async (held, name) => {
      await using waiting = await world.with({}, async (etcd) => {
        const lock = etcd.lock(name);
        const acquiring = lock.acquire();
        const { key } = await waitFor(async () => (await lock.waiters())[0]);
        // The waiter's entry goes, and another one comes in its place.
        await world.etcd.delete(key);
        await world.etcd.delete(held.key);
        const acquired = await acquiring;
        expect(acquired.key > key).toBe(true);
        return acquired;
      });
      expect(waiting.signal.aborted).toBe(true);
      expect(await caught(held.renew())).toBeInstanceOf(EtcdLeaseLostError);
      expect(held.signal.reason).toMatchObject({ code: 'ETCD_LEASE_LOST', loss: 'removed' });
    }),
};
