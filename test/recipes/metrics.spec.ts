import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd';
import { Registry } from 'prom-client';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { measureEtcd } from './metrics.js';

let member: EtcdMember;
beforeAll(async () => {
  member = await EtcdMember.start({ proxy: true });
});
afterAll(() => member.stop());

const connect = (name?: string) => new EtcdClient({ hosts: member.url, sync: false, timeout: 2_000 }, name);

describe('The recipe for metrics', () => {
  it('measures operations, requests, watches, locks and elections by connection', async () => {
    const registry = new Registry();
    const stop = measureEtcd(registry);
    const lines = async () => (await registry.metrics()).split('\n');
    await using etcd = connect('main');
    await using other = connect();

    await etcd.set('/metrics/a', '1');
    await other.find('/nothing');
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'etcd_operation_duration_seconds_count{connection="main",operation="set",code=""} 1',
        'etcd_operation_duration_seconds_count{connection="default",operation="get",code="ETCD_KEY_NOT_FOUND"} 1',
        `etcd_request_duration_seconds_count{connection="main",endpoint="${member.url}",method="PUT",status="201"} 1`,
      ]),
    );

    await using watcher = etcd.watch('/metrics', { recursive: true, initial: true });
    await watcher.next();
    await etcd.set('/metrics/a', '2');
    await watcher.next();
    const lock = await etcd.lock('l').acquire();
    expect(await etcd.lock('l').tryAcquire()).toBeUndefined();
    const leadership = await etcd.election('e').campaign('me');
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'etcd_watch_events_total{connection="main",action="resync",reason="initial"} 1',
        'etcd_watch_events_total{connection="main",action="set",reason=""} 1',
        'etcd_lock_wait_seconds_count{connection="main",code=""} 1',
        'etcd_lock_wait_seconds_count{connection="main",code="ETCD_LOCK_NOT_ACQUIRED"} 1',
        'etcd_locks_held{connection="main"} 1',
        'etcd_election_leads{connection="main",election="e"} 1',
      ]),
    );

    await etcd.delete(lock.key);
    await waitFor(() => !lock.isHeld);
    await leadership.resign();
    member.proxy?.cutAfter(0);
    await expect(other.append('/queue', 'v')).rejects.toMatchObject({ code: 'ETCD_INDETERMINATE' });
    await expect(other.get('/metrics/a')).rejects.toThrow('GET /v2/keys/metrics/a');
    member.proxy?.cutAfter(undefined);
    await waitFor(async () => (await other.get('/metrics/a')).node);
    const after = await lines();
    expect(after).toEqual(
      expect.arrayContaining([
        'etcd_locks_held{connection="main"} 0',
        'etcd_leases_lost_total{connection="main",loss="removed"} 1',
        'etcd_election_leads{connection="main",election="e"} 0',
        'etcd_indeterminate_writes_total{connection="default",operation="append"} 1',
        'etcd_cluster_up{connection="default"} 1',
      ]),
    );

    stop();
    const before = await registry.metrics();
    await etcd.set('/metrics/a', '3');
    expect(await registry.metrics()).toBe(before);
  });
});
