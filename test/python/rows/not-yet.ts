import { expect } from '@jest/globals';
import * as client from 'nestjs-etcd/client';

import { type RowTests, type World } from '../world.js';

const exported = Object.keys(client);

/** Nothing of locks and elections is there: neither on the client nor among the options. */
const noLocks = ({ etcd }: World) => {
  for (const name of ['lock', 'getLock', 'election']) expect(etcd).not.toHaveProperty(name);
  expect(exported.filter((name) => /lock|lease/i.test(name))).toEqual([]);
  expect(() => new client.EtcdClient({ lockPrefix: '/_locks' } as never)).toThrow(client.EtcdOptionsError);
};

const lockMembers = [
  'acquire',
  'release',
  'is_acquired',
  'is_taken',
  'uuid',
  'lock_key',
  'name',
  'path',
  'client',
  '__enter__',
];

/** What comes with a later release: each row must go to its own test when it does. */
export const notYetRows: RowTests = {
  'Client(lock_prefix)': noLocks,
  'Client.lock_prefix': noLocks,
  'Client.election': noLocks,
  'Client.get_lock': noLocks,
  'Lock(client, lock_name)': noLocks,
  ...Object.fromEntries(lockMembers.map((name) => [`Lock.${name}`, noLocks])),
  EtcdLockExpired: noLocks,
};
