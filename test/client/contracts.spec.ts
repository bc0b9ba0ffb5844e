import { AssertionError } from 'node:assert/strict';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdError, EtcdLockStore } from 'nestjs-etcd/client';
import {
  clientContract,
  type ContractClient,
  lockStoreContract,
  type ContractLockStore,
} from 'nestjs-etcd/testing';

import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';

describe('The contracts for stores and clients of others', () => {
  let member: EtcdMember;
  let etcd: EtcdClient;
  beforeAll(async () => {
    member = await EtcdMember.start();
    etcd = new EtcdClient({ hosts: member.url, ...patient });
  });
  afterAll(async () => {
    await etcd.close();
    await member.stop();
  });

  // A TTL that a request outlasts which takes a second, and a sweep that is late.
  const slow = { shortestTtl: 2_000, lateness: 2_500 };
  const cases = [...clientContract(() => etcd), ...lockStoreContract(() => new EtcdLockStore(etcd), slow)];
  it.each(cases.map(({ name, run }) => [name, run] as const))('are kept by our own: %s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });

  /** Our own, but for one thing. */
  const broken = <T extends object>(right: T, wrong: Partial<T>): T =>
    new Proxy(right, {
      get: (target, name) => {
        const value: unknown = Reflect.get(name in wrong ? wrong : target, name, target);
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });

  /** Whether the case of that name fails. */
  const isFoundOut = async (all: ReturnType<typeof clientContract>, told: string): Promise<boolean> => {
    const found = all.find(({ name }) => name.includes(told));
    if (found === undefined) throw new Error(`There is no case '${told}'`);
    return found.run().then(
      () => false,
      (error: unknown) => error instanceof AssertionError || error instanceof EtcdError,
    );
  };

  it.each<[what: string, wrong: Partial<ContractClient>, told: string]>([
    ['takes a swap for a set', { compareAndSwap: (key, value) => etcd.set(key, value) }, 'of many who swap'],
    ['creates what exists', { create: (key: string, value: string) => etcd.set(key, value) }, 'created once'],
    ['finds nothing', { find: () => etcd.get('/') }, 'is not found'],
    ['loses TTLs', { refresh: (key) => etcd.set(key, '1') }, 'a TTL is told'],
  ])('find a client out that %s', async (_, wrong, told) => {
    const contract = clientContract(() => broken<ContractClient>(etcd, wrong));
    await expect(isFoundOut(contract, told)).resolves.toBe(true);
  });

  it.each<[what: string, wrong: Partial<ContractLockStore>, told: string]>([
    ['releases for anybody', { release: async () => true }, 'only its owner releases'],
    ['renews for anybody', { renew: async () => true }, 'only its owner renews'],
    [
      'has one token for all',
      { acquire: async () => ({ acquired: true, fencingToken: 1 }) },
      'fencing tokens grow',
    ],
  ])('find a lock store out that %s', async (_, wrong, told) => {
    const store = new EtcdLockStore(etcd);
    const contract = lockStoreContract(() => broken<ContractLockStore>(store, wrong));
    await expect(isFoundOut(contract, told)).resolves.toBe(true);
  });
});
