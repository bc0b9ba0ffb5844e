import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { DiagnosticsRecorder } from './diagnostics-recorder.js';

let member: EtcdMember;
beforeAll(async () => {
  member = await EtcdMember.start();
});
afterAll(() => member.stop());

const connect = () => new EtcdClient({ hosts: member.url, sync: false, ...patient });

describe('The channels of watches', () => {
  it('tell that a watch is armed, each event and each resync, with keys as they are in the store', async () => {
    await using etcd = connect();
    await etcd.set('/w/there', '0');
    using told = new DiagnosticsRecorder();
    await using watcher = etcd.namespace('/w').watch('/', { recursive: true, initial: true });
    await watcher.ready;
    const { value: state } = await watcher.next();
    expect(told.of('nestjs-etcd:watch:armed')).toEqual([
      {
        client: etcd.identity,
        key: '/w',
        recursive: true,
        endpoint: member.url,
        index: expect.any(Number),
      },
    ]);
    expect(told.of('nestjs-etcd:watch:resync')).toEqual([
      { client: etcd.identity, key: '/w', reason: 'initial', index: state?.index },
    ]);
    await etcd.set('/w/x', '1');
    const { value: change } = await watcher.next();
    expect(told.of('nestjs-etcd:watch:event')).toEqual([
      { client: etcd.identity, key: '/w', action: 'set', changedKey: '/w/x', index: change?.index },
    ]);
    expect(told.of('nestjs-etcd:request:end')).toContainEqual(
      expect.objectContaining({ operation: 'watch', method: 'GET', path: '/v2/keys/w', status: 200 }),
    );
  });

  it('tell by what a watcher has ended', async () => {
    await using etcd = connect();
    using told = new DiagnosticsRecorder();
    const aborting = new AbortController();
    const watcher = etcd.watch('/gone', { signal: aborting.signal });
    await watcher.ready;
    aborting.abort();
    await expect(watcher.next()).rejects.toMatchObject({ name: 'AbortError' });
    await etcd.watch('/closed').close();
    expect(told.of('nestjs-etcd:watch:failed')).toEqual([
      { client: etcd.identity, key: '/gone', code: 'ETCD_ABORTED' },
    ]);
  });
});

describe('The channels of leases', () => {
  it('tell each renewal, and the loss', async () => {
    await using etcd = connect();
    using told = new DiagnosticsRecorder();
    const lease = await etcd.namespace('/l').lease('/one', 'uuid', { ttl: 100 });
    await lease.renew();
    expect(told.of('nestjs-etcd:lease:renewed')).toEqual([
      { client: etcd.identity, key: '/l/one', ttl: 100, remaining: expect.any(Number) },
    ]);
    expect(told.of('nestjs-etcd:operation:end').map(({ operation }) => operation)).toEqual([
      'create',
      'lease',
      'refresh',
    ]);
    await etcd.delete('/l/one');
    await expect(lease.renew()).rejects.toMatchObject({ loss: 'removed' });
    expect(told.of('nestjs-etcd:lease:lost')).toEqual([
      { client: etcd.identity, key: '/l/one', ttl: 100, loss: 'removed' },
    ]);
  });

  it('do not call it a loss when one is given back', async () => {
    await using etcd = connect();
    using told = new DiagnosticsRecorder();
    await (await etcd.lease('/given', 'uuid')).release();
    await etcd.lease('/closing', 'uuid');
    await etcd.close();
    expect(told.of('nestjs-etcd:lease:lost')).toEqual([]);
  });
});

describe('The channels of locks', () => {
  it('tell who asks, who has the lock, and how long', async () => {
    await using etcd = connect();
    using told = new DiagnosticsRecorder();
    const lock = etcd.lock('reports');
    const [first, second] = [await lock.acquire(), lock.acquire()];
    await waitFor(() => told.of('nestjs-etcd:lock:wait').length === 2);
    await first.release();
    await first.release();
    await (await second).release();
    expect(told.names('lock')).toEqual([
      'lock:wait',
      'lock:held',
      'lock:wait',
      'lock:released',
      'lock:held',
      'lock:released',
    ]);
    const which = { client: etcd.identity, name: 'reports', key: '/_locks/reports' };
    expect(told.of('nestjs-etcd:lock:wait')).toEqual([which, which]);
    expect(told.of('nestjs-etcd:lock:held')[0]).toEqual({
      ...which,
      waited: expect.any(Number),
      fencingToken: first.fencingToken,
    });
    expect(told.of('nestjs-etcd:lock:released')[0]).toEqual({
      ...which,
      fencingToken: first.fencingToken,
      held: expect.any(Number),
      loss: undefined,
    });
    expect(told.of('nestjs-etcd:operation:end').map(({ operation }) => operation)).toContain('lock.acquire');
  });

  it('tell that a lock was not acquired, by whichever method', async () => {
    await using etcd = connect();
    await using held = await etcd.lock('taken').acquire();
    using told = new DiagnosticsRecorder();
    const lock = etcd.lock('taken');
    expect(await lock.tryAcquire()).toBeUndefined();
    await expect(lock.acquire({ wait: 50 })).rejects.toMatchObject({ code: 'ETCD_LOCK_NOT_ACQUIRED' });
    expect(told.of('nestjs-etcd:lock:failed').map(({ code }) => code)).toEqual([
      'ETCD_LOCK_NOT_ACQUIRED',
      'ETCD_LOCK_NOT_ACQUIRED',
    ]);
    expect(held.isHeld).toBe(true);
  });

  it('tell why a lock was lost, also to those who have begun to listen since it was acquired', async () => {
    await using etcd = connect();
    const held = await etcd.lock('lost').acquire();
    using told = new DiagnosticsRecorder();
    await etcd.delete(held.key);
    await expect(held.renew()).rejects.toMatchObject({ loss: 'removed' });
    await held.release();
    expect(told.of('nestjs-etcd:lock:released')).toMatchObject([{ name: 'lost', loss: 'removed' }]);
    expect(told.of('nestjs-etcd:lease:lost')).toMatchObject([{ key: held.key, loss: 'removed' }]);
  });
});

describe('The channels of elections', () => {
  it('tell who stands, who leads and for how long, and what observers see', async () => {
    await using etcd = connect();
    using told = new DiagnosticsRecorder();
    const election = etcd.namespace('/e').election('boss');
    const leaders = election.observe();
    await leaders.next();
    const leadership = await election.campaign('said of itself');
    await leaders.next();
    await leadership.resign();
    await leaders.next();
    await leaders.return();
    const which = { client: etcd.identity, name: 'boss', key: '/e/_elections/boss' };
    const { term } = leadership;
    expect(told.of('nestjs-etcd:election:campaign')).toEqual([which]);
    expect(told.of('nestjs-etcd:election:elected')).toEqual([{ ...which, term }]);
    expect(told.of('nestjs-etcd:election:ended')).toEqual([{ ...which, term, loss: undefined }]);
    expect(told.of('nestjs-etcd:election:leader')).toEqual([
      { ...which, term: undefined },
      { ...which, term },
      { ...which, term: undefined },
    ]);
    expect(JSON.stringify(told.all)).not.toContain('said of itself');
  });

  it('tell that a leadership was lost', async () => {
    await using etcd = connect();
    using told = new DiagnosticsRecorder();
    const leadership = await etcd.election('lost').campaign('me');
    await etcd.delete(leadership.key);
    await waitFor(() => told.of('nestjs-etcd:election:ended').length === 1);
    expect(told.of('nestjs-etcd:election:ended')).toMatchObject([{ loss: 'removed' }]);
  });
});
