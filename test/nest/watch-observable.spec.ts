import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type EtcdEvent, EtcdModule, EtcdService, fromEtcdWatch } from 'nestjs-etcd';
import { filter, firstValueFrom, map, take, toArray } from 'rxjs';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';

describe('A watch as an Observable', () => {
  let member: EtcdMember;
  let app: INestApplicationContext;
  let etcd: EtcdService;

  beforeAll(async () => {
    member = await EtcdMember.start();
    app = await Test.createTestingModule({ imports: [EtcdModule.forRoot({ hosts: member.url })] }).compile();
    etcd = app.get(EtcdService);
  });

  afterAll(async () => {
    await app.close();
    await member.stop();
  });

  const watchers = async () => (await etcd.stats.store()).watchers;

  it('begins with each subscription, gives the events in order, and is closed by unsubscribing', async () => {
    const events$ = etcd.watch$('/observed', { recursive: true, initial: true });
    await etcd.set('/observed/a', '1');
    expect(await watchers()).toBe(0);

    const first: EtcdEvent[] = [];
    const second: EtcdEvent[] = [];
    const subscriptions = [
      events$.subscribe((event) => first.push(event)),
      events$.subscribe((event) => second.push(event)),
    ];
    await waitFor(() => first.length === 1 && second.length === 1);
    await etcd.set('/observed/a', '2');
    await waitFor(() => first.length === 2 && second.length === 2);
    expect(first.map(({ action, node }) => [action, node?.value])).toEqual([
      ['resync', undefined],
      ['set', '2'],
    ]);
    expect(second).toEqual(first);

    subscriptions[0]?.unsubscribe();
    await etcd.delete('/observed/a');
    await waitFor(() => second.length === 3);
    expect(first).toHaveLength(2);
    subscriptions[1]?.unsubscribe();
    await waitFor(async () => (await watchers()) === 0);
  });

  it('can be taken from a namespace, and closes when an operator has enough', async () => {
    const taken = firstValueFrom(
      fromEtcdWatch(etcd.namespace('/spaces/one'), '/', { recursive: true, initial: true }).pipe(
        map(({ action, key }) => `${action} ${key}`),
        take(3),
        toArray(),
      ),
    );
    await waitFor(async () => (await watchers()) > 0);
    await etcd.set('/spaces/one/a', '1');
    await etcd.set('/spaces/two/a', '1');
    await etcd.set('/spaces/one/b', '1');
    let events: string[] = [];
    void taken.then((all) => (events = all));
    // What was written before the state was read is in that.
    await waitFor(async () => {
      await etcd.set('/spaces/one/c', '1');
      return events.length > 0;
    });
    expect(events[0]).toBe('resync /');
    expect(['set /a', 'set /b', 'set /c']).toContain(events[1]);
    expect(events.join()).not.toContain('two');
    await waitFor(async () => (await watchers()) === 0);
  });

  it('errors with wrong arguments and with what ends the watch, and completes when the client closes', async () => {
    const caught = (key: string, options?: object) =>
      firstValueFrom(etcd.watch$(key, options)).catch((error: unknown) => error);
    expect(await caught('')).toMatchObject({ code: 'ETCD_INVALID_KEY' });
    expect(await caught('/a', { recursve: true })).toMatchObject({ code: 'ETCD_OPTIONS' });
    const aborting = new AbortController();
    const aborted = caught('/a', { signal: aborting.signal });
    aborting.abort();
    expect(await aborted).toMatchObject({ code: 'ETCD_ABORTED' });

    const other = new EtcdService({ hosts: member.url }, { name: undefined });
    const all = firstValueFrom(
      other.watch$('/completed', { initial: true }).pipe(
        filter(({ action }) => action !== 'expire'),
        map(({ action }) => action),
        toArray(),
      ),
    );
    await waitFor(async () => (await watchers()) > 0);
    await other.close();
    expect(await all).toEqual(expect.any(Array));
  });
});
