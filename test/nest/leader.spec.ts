import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  EtcdClient,
  EtcdLeader,
  type EtcdLeaderContext,
  EtcdLeaders,
  EtcdLeaseLostError,
  type EtcdModuleOptions,
} from 'nestjs-etcd';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { moment } from './locking.js';
import { Replica } from './replica.js';

/** What a method was called with, and how it ended. */
interface Term extends EtcdLeaderContext {
  ended: boolean;
}

let terms: Term[];

async function untilAborted(context: EtcdLeaderContext): Promise<void> {
  const term: Term = { ...context, ended: false };
  terms.push(term);
  await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
  term.ended = true;
}

@Injectable()
class Reports {
  @EtcdLeader('reports', { ttl: 2 })
  lead(context: EtcdLeaderContext) {
    return untilAborted(context);
  }
}

describe('@EtcdLeader', () => {
  let etcd: EtcdMember;
  let outside: EtcdClient;
  let options: EtcdModuleOptions;

  beforeAll(async () => {
    etcd = await EtcdMember.start({ proxy: true });
    outside = new EtcdClient({ hosts: etcd.directUrl, sync: false, ...patient });
    options = { hosts: etcd.url, sync: false };
  });
  afterAll(async () => {
    await outside.close();
    await etcd.stop();
  });
  beforeEach(() => {
    terms = [];
  });

  /** @returns how long it took from the shutdown of one process until the method of the next one was called, in ms */
  const handOver = async () => {
    terms = [];
    await using first = await Replica.start(options, Reports);
    await waitFor(() => terms.length === 1);
    await using second = await Replica.start(options, Reports);
    await waitFor(async () => (await outside.election('reports').candidates()).length === 2);
    expect([first.isLeader('reports'), second.isLeader('reports')]).toEqual([true, false]);
    expect(terms).toHaveLength(1);
    const closing = performance.now();
    await first.app.close();
    expect(terms[0]).toMatchObject({ ended: true, name: 'reports' });
    expect(terms[0]?.signal.reason).not.toBeInstanceOf(EtcdLeaseLostError);
    await waitFor(() => terms.length === 2, { interval: 5 });
    const took = performance.now() - closing;
    expect(terms[1]?.term).toBeGreaterThan(terms[0]?.term ?? NaN);
    expect(first.types).toEqual(['leader.elected', 'leader.ended']);
    expect(second.isLeader('reports')).toBe(true);
    return took;
  };

  it('calls the method of one process, and that of the next one right after its shutdown', async () => {
    // It takes less than 300 ms, and a busy machine may stand still for longer than that.
    let took = Infinity;
    for (let i = 0; i < 5 && took >= 300; i++) took = await handOver();
    expect(took).toBeLessThan(300);
  });

  it('tells the method of a loss, and calls it again when this process is elected again', async () => {
    await using replica = await Replica.start(options, Reports);
    await waitFor(() => terms.length === 1);
    const leader = await outside.election('reports').leader();
    expect(leader).toMatchObject({ term: terms[0]?.term, value: expect.stringContaining(`:${process.pid}`) });
    await outside.delete(leader?.key ?? '');
    await waitFor(() => terms.length === 2);
    expect(terms[0]).toMatchObject({ ended: true });
    expect(terms[0]?.signal.reason).toBeInstanceOf(EtcdLeaseLostError);
    expect(replica.told).toMatchObject([
      { type: 'leader.elected', election: 'reports', connection: undefined },
      { type: 'leader.ended', isLost: true },
      { type: 'leader.elected' },
    ]);
    expect(replica.logger.of('EtcdModule').map(({ level, message }) => `${level} ${message}`)).toContainEqual(
      expect.stringMatching(/^warn This process has lost the lead of 'reports' \(term \d+\)\.$/),
    );
  });

  it('tells the method before the key can expire, when etcd cannot be reached', async () => {
    @Injectable()
    class Patient {
      // It is told a tenth of that before.
      @EtcdLeader('patient', { ttl: 10 })
      lead(context: EtcdLeaderContext) {
        return untilAborted(context);
      }
    }
    await using replica = await Replica.start(options, Patient);
    await waitFor(() => replica.isLeader('patient') && terms.length === 1);
    const { key = '' } = (await outside.election('patient').leader()) ?? {};
    etcd.proxy?.blackHole(true);
    try {
      const expired = outside.waitForChange(key, { timeout: 30_000 });
      await waitFor(() => terms[0]?.ended, { interval: 5, timeout: 20_000 });
      await expect(outside.exists(key)).resolves.toBe(true);
      await expect(expired).resolves.toMatchObject({ action: 'expire' });
    } finally {
      etcd.proxy?.blackHole(false);
    }
    await waitFor(() => terms.length === 2, { timeout: 15_000 });
  }, 60_000);

  it('resigns when the method wants to, and takes part again after the others', async () => {
    await using first = await Replica.start(options, Reports);
    await waitFor(() => terms.length === 1);
    await using second = await Replica.start(options, Reports);
    await waitFor(async () => (await outside.election('reports').candidates()).length === 2);
    terms[0]?.resign();
    await waitFor(() => second.isLeader('reports'));
    expect(first.isLeader('reports')).toBe(false);
    await waitFor(async () => (await outside.election('reports').candidates()).length === 2);
    await terms[1]?.proclaim('I am second');
    await expect(outside.election('reports').leader()).resolves.toMatchObject({ value: 'I am second' });
  });

  it('logs a method that fails, resigns, and calls it again after a pause', async () => {
    const calls: number[] = [];
    @Injectable()
    class Failing {
      @EtcdLeader('failing')
      lead() {
        if (calls.push(performance.now()) === 1) throw new Error('on purpose');
      }
    }
    await using replica = await Replica.start(options, Failing);
    await waitFor(() => calls.length === 2);
    expect(calls[1]).toBeGreaterThan((calls[0] ?? NaN) + 700);
    expect(replica.told).toMatchObject([
      { type: 'leader.elected' },
      { type: 'leader.handler.failed', handler: 'Failing#lead', error: { message: 'on purpose' } },
      { type: 'leader.ended', isLost: false },
      { type: 'leader.elected' },
    ]);
    expect(replica.logger.of('EtcdModule')).toContainEqual(
      expect.objectContaining({
        level: 'error',
        message: expect.stringMatching(/^Failing#lead failed as the leader of 'failing' .*on purpose$/),
      }),
    );
    // A method that has returned leads on.
    expect(replica.isLeader('failing')).toBe(true);
  });

  it('lets several methods share one election, and ends all of them when one fails', async () => {
    const failing = moment();
    @Injectable()
    class Sharing {
      @EtcdLeader('shared', { ttl: 3 })
      one(context: EtcdLeaderContext) {
        return untilAborted(context);
      }

      @EtcdLeader('shared')
      async two({ term, signal }: EtcdLeaderContext) {
        terms.push({ term, signal, ended: true } as Term);
        await failing.happened;
        throw new Error('on purpose');
      }
    }
    await using replica = await Replica.start(options, Sharing);
    await waitFor(() => replica.isLeader('shared') && terms.length === 2);
    expect(terms[0]?.term).toBe(terms[1]?.term);
    await expect(outside.election('shared').candidates()).resolves.toHaveLength(1);
    failing.happen(undefined);
    await waitFor(() => terms[0]?.ended);
  });

  it('does not wait for a method for longer than the shutdownTimeout, and resigns all the same', async () => {
    const end = moment();
    const begun = moment();
    @Injectable()
    class Stubborn {
      @EtcdLeader('stubborn', { ttl: 60 })
      async lead() {
        begun.happen(undefined);
        await end.happened;
      }
    }
    const replica = await Replica.start({ ...options, shutdownTimeout: 100 }, Stubborn);
    await begun.happened;
    await replica.app.close();
    await waitFor(async () => (await outside.election('stubborn').leader()) === undefined);
    expect(replica.logger.of('EtcdModule')).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringContaining('The shutdown goes on without Stubborn#lead'),
      }),
    );
    end.happen(undefined);
  });

  it('does not wait for an etcd that is silent for longer than the shutdownTimeout, and half a second', async () => {
    const replica = await Replica.start({ ...options, shutdownTimeout: 100, timeout: 20_000 }, Reports);
    await waitFor(() => replica.isLeader('reports'));
    etcd.proxy?.blackHole(true);
    const begin = performance.now();
    try {
      await replica.app.close();
    } finally {
      etcd.proxy?.blackHole(false);
    }
    // And a second at most for the client, which gives back what it holds. The default would be 5 s.
    expect(performance.now() - begin).toBeLessThan(5_000);
    expect(replica.logger.of('EtcdModule').map(({ message }) => message)).toContainEqual(
      expect.stringContaining("before this process has resigned from 'reports'"),
    );
  });

  it('takes part in nothing with `leaders: false`, and starts while etcd is away', async () => {
    // Those that the tests before have left.
    await waitFor(async () => (await outside.election('reports').candidates()).length === 0);
    await using replica = await Replica.start({ ...options, leaders: false }, Reports);
    await using away = await Replica.start({ hosts: 'http://127.0.0.1:1', sync: false }, Reports);
    await waitFor(() => away.app.get(EtcdLeaders) !== undefined);
    await expect(outside.election('reports').candidates()).resolves.toEqual([]);
    expect([replica.isLeader('reports'), away.isLeader('reports')]).toEqual([false, false]);
  });
});
