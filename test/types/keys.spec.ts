import { describe, expect, it } from '@jest/globals';
import {
  EtcdClient,
  type EtcdAcknowledgement,
  type EtcdAppendOptions,
  type EtcdCreateOptions,
  type EtcdResult,
  type EtcdSetOptions,
  type EtcdSwapOptions,
  type EtcdUpdateFromOptions,
  type EtcdUpdateOptions,
} from 'nestjs-etcd/client';

/** What a caller knows only when the program runs. */
interface Unknown {
  readonly flag: boolean;
  readonly set: EtcdSetOptions;
  readonly create: EtcdCreateOptions;
  readonly update: EtcdUpdateOptions;
  readonly from: EtcdUpdateFromOptions;
  readonly swap: EtcdSwapOptions;
  readonly append: EtcdAppendOptions;
}

// The functions below are compiled (`npm run check:types`) and not called: each line that has to be refused is marked,
// and a mark without an error is an error itself.

async function nodesWhereTheyAreSure(etcd: EtcdClient, read: EtcdResult) {
  const results: EtcdResult[] = [
    await etcd.set('/k', 'v'),
    await etcd.set('/k', 'v', { ttl: 5, idempotent: true }),
    await etcd.set('/k', 'v', { noValueOnSuccess: false }),
    await etcd.create('/k', 'v', { uniqueValue: true }),
    await etcd.update('/k', 'v', { ttl: 5 }),
    await etcd.update(read, 'v'),
    await etcd.update(read.node, 'v', { ttl: null }),
    await etcd.compareAndSwap('/k', 'v', { prevValue: 'a' }),
    await etcd.compareAndSwap('/k', 'v', { prevIndex: 7, prevValue: 'a' }),
    await etcd.append('/k', 'v'),
  ];
  return results.map(({ node }) => node.key);
}

async function noNodesWhereTheyMayBeAbsent(etcd: EtcdClient, read: EtcdResult, unknown: Unknown) {
  const acknowledged: EtcdAcknowledgement = await etcd.set('/k', 'v', { noValueOnSuccess: true });
  // @ts-expect-error: the answer to `noValueOnSuccess` has no node
  void acknowledged.node;
  // @ts-expect-error: nor has it where the flag is not known
  const flagged: EtcdResult = await etcd.set('/k', 'v', { noValueOnSuccess: unknown.flag });
  // @ts-expect-error: nor where all options come from elsewhere and may hold the flag
  const set: EtcdResult = await etcd.set('/k', 'v', unknown.set);
  // @ts-expect-error: the same for `create`
  const create: EtcdResult = await etcd.create('/k', 'v', unknown.create);
  // @ts-expect-error: the same for `update`
  const update: EtcdResult = await etcd.update('/k', 'v', unknown.update);
  // @ts-expect-error: the same for `update` from a result
  const from: EtcdResult = await etcd.update(read, 'v', unknown.from);
  // @ts-expect-error: the same for `compareAndSwap`
  const swap: EtcdResult = await etcd.compareAndSwap('/k', 'v', unknown.swap);
  // @ts-expect-error: the same for `append`
  const append: EtcdResult = await etcd.append('/k', 'v', unknown.append);
  return [flagged, set, create, update, from, swap, append];
}

async function wrongOptionsAreRefused(etcd: EtcdClient, read: EtcdResult) {
  // @ts-expect-error: a misspelt option
  await etcd.set('/k', 'v', { tll: 5 });
  // @ts-expect-error: a misspelt option beside the flag
  await etcd.set('/k', 'v', { noValueOnSuccess: true, tll: 5 });
  // @ts-expect-error: an option of another operation
  await etcd.create('/k', 'v', { prevValue: 'a' });
  // @ts-expect-error: a comparison without a condition
  await etcd.compareAndSwap('/k', 'v', { ttl: 5 });
  // @ts-expect-error: nor without options
  await etcd.compareAndSwap('/k', 'v');
  // @ts-expect-error: `null` stands for permanent only where a TTL may have been read
  await etcd.update('/k', 'v', { ttl: null });
  await etcd.update(read, 'v', { ttl: null });
  // @ts-expect-error: an update from a result is not repeatable
  await etcd.update(read, 'v', { idempotent: true });
}

describe('The types of the keys API', () => {
  it.each([nodesWhereTheyAreSure, noNodesWhereTheyMayBeAbsent, wrongOptionsAreRefused])(
    '%p is compiled',
    (compiled) => {
      expect(typeof compiled).toBe('function');
    },
  );

  it('are those of the client that runs', () => {
    for (const method of ['set', 'create', 'update', 'compareAndSwap', 'append'] as const)
      expect(typeof EtcdClient.prototype[method]).toBe('function');
  });
});
