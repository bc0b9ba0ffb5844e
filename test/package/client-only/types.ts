import { EtcdClient, EtcdLockStore, type EtcdEvent } from 'nestjs-etcd/client';

/** It is compiled and not run: what is published has to be right by itself. */
export async function use(): Promise<number> {
  await using etcd = new EtcdClient({ hosts: 'http://127.0.0.1:2379' });
  const events: EtcdEvent[] = [];
  for await (const event of etcd.watch('/a')) events.push(event);
  const store = new EtcdLockStore(etcd);
  const acquired = await store.acquire('a', 'me', 1_000);
  await using lease = await etcd.lease('/lease', 'me');
  return etcd
    .lock('a')
    .run(({ fencingToken }) => fencingToken + (acquired.acquired ? lease.fencingToken : 0));
}
