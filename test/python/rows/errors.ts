import { expect } from '@jest/globals';
import * as client from 'nestjs-etcd/client';

import { EtcdMember } from '../../support/etcd-member.js';
import { HttpStub, jsonResponse } from '../../support/http-stub.js';
import { errorOf, type RowTests, type World } from '../world.js';

const reject = (failing: Promise<unknown>) =>
  failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );

/** The class of a real failure, which is an `EtcdError` like all. */
const fails =
  (
    Class: new (...args: never[]) => Error,
    code: string,
    errorCode: number,
    failing: (world: World) => Promise<unknown>,
  ) =>
  async (world: World) => {
    const error = await reject(failing(world));
    expect(error).toBeInstanceOf(Class);
    expect(error).toBeInstanceOf(client.EtcdError);
    expect(error).toMatchObject({ code, errorCode });
  };

export const errorRows: RowTests = {
  EtcdException: async ({ etcd }) => {
    expect(await reject(etcd.get('/none'))).toBeInstanceOf(client.EtcdError);
  },
  'EtcdException.payload': async ({ etcd }) => {
    const error = await reject(etcd.get('/none/below'));
    expect(error).toMatchObject({
      errorCode: 100,
      reason: '/none',
      status: 404,
      index: expect.any(Number) as unknown,
    });
  },
  EtcdError: () => {
    expect(client.EtcdError.prototype).toBeInstanceOf(Error);
    expect(client.EtcdError).not.toHaveProperty('error_exceptions');
  },
  EtcdValueError: async ({ etcd }) => {
    for (const code of [201, 202, 203, 209, 210])
      expect(await errorOf(code)).toBeInstanceOf(client.EtcdInvalidRequestError);
    expect(await reject(etcd.set('/k', 'v', { ttl: -1 }))).toBeInstanceOf(client.EtcdOptionsError);
  },
  EtcdCompareFailed: fails(client.EtcdCompareFailedError, 'ETCD_COMPARE_FAILED', 101, async (world) => {
    const key = world.key();
    await world.etcd.set(key, 'a');
    await world.etcd.compareAndSwap(key, 'b', { prevValue: 'c' });
  }),
  EtcdDirNotEmpty: fails(
    client.EtcdDirectoryNotEmptyError,
    'ETCD_DIRECTORY_NOT_EMPTY',
    108,
    async (world) => {
      const key = world.key();
      await world.etcd.set(`${key}/a`, '');
      await world.etcd.rmdir(key);
    },
  ),
  EtcdKeyError: () => {
    expect(client).not.toHaveProperty('EtcdKeyError');
  },
  EtcdKeyNotFound: async (world) => {
    await fails(client.EtcdKeyNotFoundError, 'ETCD_KEY_NOT_FOUND', 100, ({ etcd }) => etcd.get('/none'))(
      world,
    );
    expect(await reject(world.etcd.users.get('nobody'))).toBeInstanceOf(client.EtcdNotFoundError);
  },
  EtcdNotFile: fails(client.EtcdNotFileError, 'ETCD_NOT_FILE', 102, async (world) => {
    const key = world.key();
    await world.etcd.mkdir(key);
    await world.etcd.set(key, 'v');
  }),
  EtcdNotDir: fails(client.EtcdNotDirectoryError, 'ETCD_NOT_DIRECTORY', 104, async (world) => {
    const key = world.key();
    await world.etcd.set(key, 'v');
    await world.etcd.set(`${key}/below`, 'v');
  }),
  EtcdAlreadyExist: fails(client.EtcdKeyExistsError, 'ETCD_KEY_EXISTS', 105, async (world) => {
    const key = world.key();
    await world.etcd.create(key, 'v');
    await world.etcd.create(key, 'v');
  }),
  EtcdRootReadOnly: fails(client.EtcdRootReadOnlyError, 'ETCD_ROOT_READ_ONLY', 107, ({ etcd }) =>
    etcd.set('/', 'v'),
  ),
  EtcdInsufficientPermissions: async () => {
    await using member = await EtcdMember.start();
    await using root = new client.EtcdClient({
      hosts: member.url,
      auth: { username: 'root', password: 'p' },
    });
    await root.users.create('root', 'p');
    await root.auth.enable();
    await using wrong = new client.EtcdClient({
      hosts: member.url,
      auth: { username: 'root', password: 'q' },
    });
    expect(await reject(wrong.set('/k', 'v'))).toBeInstanceOf(client.EtcdUnauthorizedError);
  },
  EtcdClusterIdChanged: async (world) => {
    await world.with({ clusterId: 'abc' }, async (etcd) => {
      for (let i = 0; i < 2; i++)
        expect(await reject(etcd.append('/never', 'v'))).toBeInstanceOf(client.EtcdClusterIdChangedError);
    });
    expect(await world.etcd.exists('/never')).toBe(false);
  },
  EtcdConnectionFailed: async () => {
    await using nobody = new client.EtcdClient({ hosts: 'http://127.0.0.1:1', timeout: 1_000 });
    expect(await reject(nobody.set('/k', 'v'))).toBeInstanceOf(client.EtcdConnectionError);
    // It says who it is, and nothing more.
    await using mute = await HttpStub.start(({ path }) =>
      path === '/v2/members' ? jsonResponse(200, { members: [] }) : new Promise<never>(() => undefined),
    );
    await using etcd = new client.EtcdClient({ hosts: mute.url, timeout: 2_000 });
    expect(await reject(etcd.get('/k'))).toBeInstanceOf(client.EtcdTimeoutError);
    const write = await reject(etcd.set('/k', 'v'));
    expect(write).toBeInstanceOf(client.EtcdIndeterminateError);
    expect(write).toMatchObject({ mayHaveBeenApplied: true });
  },
  'EtcdConnectionFailed.cause': async () => {
    await using nobody = new client.EtcdClient({ hosts: 'http://127.0.0.1:1', timeout: 1_000 });
    const { attempts } = (await reject(nobody.get('/k'))) as client.EtcdError;
    expect(attempts[0]).toEqual({ endpoint: 'http://127.0.0.1:1', outcome: 'ECONNREFUSED' });
    const reason = new Error('mine');
    expect(await reject(nobody.get('/k', { signal: AbortSignal.abort(reason) }))).toMatchObject({
      cause: reason,
    });
  },
  EtcdLeaderElectionInProgress: async () => {
    expect(await errorOf(301, 500, 2_000)).toBeInstanceOf(client.EtcdElectionInProgressError);
  },
};
