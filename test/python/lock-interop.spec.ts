import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdClient } from 'nestjs-etcd/client';

import { type CompiledPackage, compilePackage } from '../nest/compile-package.js';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { findPythonEtcd } from './python-etcd.js';
import { Speaker } from './speaker.js';

const found = findPythonEtcd();
/** Each side has the lock so many times, one after the other. */
const turns = 101;

/** One time in which a side has held the lock, by the clock that all processes of the machine share, in nanoseconds. */
interface Section {
  readonly side: 'node' | 'python';
  readonly from: number;
  readonly to: number;
}

/** Nanoseconds of CLOCK_MONOTONIC, which is Python's `time.monotonic_ns()` too. */
const now = () => Number(process.hrtime.bigint());

/** In each turn but the last, it holds the lock until the other one waits for it. */
const takeTurns = `
import time
wait()
sections = []
for turn in range(${turns}):
    lock = etcd.Lock(client, 'turns')
    lock.acquire(lock_ttl=20)
    start = time.monotonic_ns()
    while turn < ${turns - 1} and len(list(client.read(lock.path).children)) < 2: time.sleep(0.001)
    sections.append([start, time.monotonic_ns()])
    lock.release()
say('sections', sections)
`;

function excludes(): void {
  let member: EtcdMember;
  let etcd: EtcdClient;
  let compiled: CompiledPackage;
  beforeAll(async () => {
    [member, compiled] = await Promise.all([EtcdMember.start(), compilePackage()]);
    etcd = new EtcdClient({ hosts: member.url, tryTimeout: 5_000 });
  });
  afterAll(async () => {
    await etcd.close();
    await member.stop();
    compiled[Symbol.dispose]();
  });
  const node = (program: string) =>
    Speaker.node(join(dirname(compiled.esm), 'client', 'index.js'), member.url, program);
  const uuids = async (name: string) => {
    const lock = etcd.lock(name);
    return { holder: (await lock.holder())?.uuid, waiters: (await lock.waiters()).map(({ uuid }) => uuid) };
  };

  it('hands over the lock 200 times, and never do both hold it', async () => {
    await using python = Speaker.python(member.url, takeTurns);
    python.tell();
    const sections: Section[] = [];
    for (let turn = 1; turn <= turns; turn++) {
      const lock = await etcd.lock('turns', { ttl: 20 }).acquire();
      const from = now();
      if (turn < turns)
        await waitFor(async () => (await etcd.lock('turns').waiters()).length > 0, { interval: 1 });
      expect(lock.isHeld).toBe(true);
      sections.push({ side: 'node', from, to: now() });
      await lock.release();
    }
    for (const [from, to] of await python.says<[number, number][]>('sections'))
      sections.push({ side: 'python', from, to });

    const order = sections.toSorted((one, other) => one.from - other.from);
    const pairs = order.slice(1).map((section, i) => [order[i] as Section, section] as const);
    expect(pairs.filter(([before, after]) => after.from <= before.to)).toEqual([]);
    expect(pairs.filter(([before, after]) => before.side !== after.side).length).toBeGreaterThanOrEqual(200);
    expect(await uuids('turns')).toEqual({ holder: undefined, waiters: [] });
  });

  it('sees the holder and the waiters of python-etcd, and is seen by it', async () => {
    await using python = Speaker.python(
      member.url,
      `
locks = [etcd.Lock(client, 'seen') for _ in range(2)]
for lock in locks: lock.acquire(blocking=False, lock_ttl=20)
say('entries', [[lock.lock_key, lock.uuid] for lock in locks])
wait()
say('queue', sorted([r.key, r.value] for r in client.read('/_locks/seen').leaves))
for lock in locks: lock.release()`,
    );
    const theirs = await python.says<[string, string][]>('entries');
    const lock = etcd.lock('seen');
    const acquiring = lock.acquire();
    await waitFor(async () => (await lock.waiters()).length === 2);
    const entry = ([sequence, uuid]: [string, string]) => ({ key: `/_locks/seen/${sequence}`, uuid });
    const [holder, waiting] = theirs.map(([key, uuid]) => entry([key.split('/').at(-1) ?? '', uuid]));
    expect(await lock.holder()).toMatchObject({ ...holder, ttl: expect.any(Number) as unknown });
    expect((await lock.waiters())[0]).toMatchObject({ ...waiting });
    python.tell();
    const seen = await python.says<[string, string][]>('queue');
    const handle = await acquiring;
    expect(seen).toHaveLength(3);
    expect(seen[2]).toEqual([handle.key, handle.uuid]);
    expect(handle.uuid).toMatch(/^[\da-f]{32}$/);
    await handle.release();
  });

  it('gives the lock to a waiting python-etcd when it is released here', async () => {
    const lock = await etcd.lock('to-python').acquire();
    await using python = Speaker.python(
      member.url,
      `
lock = etcd.Lock(client, 'to-python')
lock.acquire(blocking=False, lock_ttl=20)
say('waits', lock.is_acquired)
lock.acquire(lock_ttl=20)
say('has', lock.is_acquired)
wait()`,
    );
    expect(await python.says('waits')).toBe(false);
    // Renewals wake nobody: it has to wait for what follows.
    await lock.renew();
    expect(lock.isHeld).toBe(true);
    await lock.release();
    expect(await python.says('has')).toBe(true);
  });

  it('gives the lock to a waiting python-etcd when the process here is gone, once its TTL has passed', async () => {
    await using holder = node(
      `say('has', (await etcd.lock('crash', { ttl: 4 }).acquire()).key); setInterval(() => {}, 1000);`,
    );
    const key = await holder.says<string>('has');
    await using python = Speaker.python(
      member.url,
      `
lock = etcd.Lock(client, 'crash')
say('waits')
lock.acquire(lock_ttl=20)
say('has', lock.is_acquired)
wait()`,
    );
    await python.says('waits');
    await waitFor(async () => (await etcd.lock('crash').waiters()).length === 1);
    // It is renewed for longer than it would live.
    await sleep(5_000);
    expect((await etcd.lock('crash').holder())?.key).toBe(key);
    await holder.kill();
    const from = performance.now();
    expect(await python.says('has')).toBe(true);
    expect(performance.now() - from).toBeLessThan(8_000);
  });

  it('gets the lock when python-etcd releases it, and when its process is gone and its TTL has passed', async () => {
    const program = `
lock = etcd.Lock(client, 'from-python')
lock.acquire(lock_ttl=4)
say('has')
wait()
lock.release()
say('released')
wait()`;
    await using first = Speaker.python(member.url, program);
    await first.says('has');
    const acquiring = etcd.lock('from-python', { ttl: 20 }).acquire();
    await waitFor(async () => (await etcd.lock('from-python').waiters()).length === 1);
    first.tell();
    const lock = await acquiring;
    await first.says('released');
    expect(lock.isHeld).toBe(true);
    await lock.release();

    await using second = Speaker.python(member.url, program);
    await second.says('has');
    const waiting = etcd.lock('from-python').acquire();
    await waitFor(async () => (await etcd.lock('from-python').waiters()).length === 1);
    await second.kill();
    const last = await waiting;
    expect(last.isHeld).toBe(true);
    await last.release();
  });

  it('goes on with an entry of python-etcd, which does not learn of it', async () => {
    await using python = Speaker.python(
      member.url,
      `
lock = etcd.Lock(client, 'over')
lock.acquire(lock_ttl=20)
say('uuid', lock.uuid)
wait()
say('acquired', lock.is_acquired)`,
    );
    const uuid = await python.says<string>('uuid');
    const lock = await etcd.lock('over').takeOver(uuid);
    expect((await etcd.lock('over').holder())?.uuid).toBe(lock.uuid);
    python.tell();
    // It only looks whether the entry is there.
    expect(await python.says('acquired')).toBe(true);
    await lock.release();
  });

  it('takes a name for one segment, where python-etcd takes slashes for directories', async () => {
    expect([etcd.lock('a/b').key, etcd.lock('100%').key]).toEqual(['/_locks/a%2Fb', '/_locks/100%25']);
    await using python = Speaker.python(
      member.url,
      `
lock = etcd.Lock(client, 'a/b')
lock.acquire(lock_ttl=20)
say('path', lock.path)
wait()`,
    );
    expect(await python.says('path')).toBe('/_locks/a/b');
    // So the two are not one lock; nor does the nested one stand in the way of 'a'.
    const [nested, outer] = [await etcd.lock('a/b').tryAcquire(), await etcd.lock('a').tryAcquire()];
    expect([nested?.isHeld, outer?.isHeld]).toEqual([true, true]);
    // The lock that python-etcd calls so is this one.
    const same = etcd.lock('b', { prefix: '/_locks/a' });
    expect(await same.tryAcquire()).toBeUndefined();
    expect((await same.holder())?.key).toMatch(/^\/_locks\/a\/b\/\d{20}$/);
    await Promise.all([nested?.release(), outer?.release()]);
  });
}

describe('python-etcd and one lock', () => {
  if ('run' in found) excludes();
  else it(`cannot be tested here: ${found.missing}`, () => expect(found.missing).not.toBe(''));
});
