import { inspect } from 'node:util';

import { beforeAll, describe, expect, it, jest } from '@jest/globals';

import * as errors from './index.js';

type Errors = typeof errors;
type ErrorName = keyof Errors;

/** One error of every class, made as its constructor wants it. */
function makeAll(from: Errors): Record<ErrorName, errors.EtcdError> {
  const special: Partial<Record<ErrorName, () => errors.EtcdError>> = {
    EtcdOptionsError: () => new from.EtcdOptionsError('timeout', 'too long'),
    EtcdInvalidKeyError: () => new from.EtcdInvalidKeyError('key', 'empty'),
    EtcdDecodeError: () => new from.EtcdDecodeError('/a', 'no JSON'),
    EtcdClusterIdChangedError: () => new from.EtcdClusterIdChangedError('ab', undefined),
    EtcdClosedError: () => new from.EtcdClosedError(),
    EtcdLeaseLostError: () => new from.EtcdLeaseLostError('/a', 'expired'),
    EtcdLockNotAcquiredError: () => new from.EtcdLockNotAcquiredError('a', 'others have it'),
    EtcdAbortedError: () => new from.EtcdAbortedError({ cause: new Error('reason') }),
  };
  const names = Object.keys(from) as ErrorName[];
  return Object.fromEntries(
    names.map((name) => {
      const Class = from[name] as new (message: string) => errors.EtcdError;
      return [name, special[name]?.() ?? new Class('message')];
    }),
  ) as Record<ErrorName, errors.EtcdError>;
}

/** Applications and log searches depend on these: a change is a breaking one. */
const codes: Record<ErrorName, string> = {
  EtcdError: 'ETCD_ERROR',
  EtcdKeyNotFoundError: 'ETCD_KEY_NOT_FOUND',
  EtcdCompareFailedError: 'ETCD_COMPARE_FAILED',
  EtcdNotFileError: 'ETCD_NOT_FILE',
  EtcdNotDirectoryError: 'ETCD_NOT_DIRECTORY',
  EtcdKeyExistsError: 'ETCD_KEY_EXISTS',
  EtcdRootReadOnlyError: 'ETCD_ROOT_READ_ONLY',
  EtcdDirectoryNotEmptyError: 'ETCD_DIRECTORY_NOT_EMPTY',
  EtcdEventIndexClearedError: 'ETCD_EVENT_INDEX_CLEARED',
  EtcdWatcherClearedError: 'ETCD_WATCHER_CLEARED',
  EtcdOptionsError: 'ETCD_OPTIONS',
  EtcdInvalidKeyError: 'ETCD_INVALID_KEY',
  EtcdDecodeError: 'ETCD_DECODE',
  EtcdInvalidRequestError: 'ETCD_INVALID_REQUEST',
  EtcdUnauthorizedError: 'ETCD_UNAUTHORIZED',
  EtcdForbiddenError: 'ETCD_FORBIDDEN',
  EtcdNotFoundError: 'ETCD_NOT_FOUND',
  EtcdConflictError: 'ETCD_CONFLICT',
  EtcdConnectionError: 'ETCD_CONNECTION',
  EtcdTimeoutError: 'ETCD_TIMEOUT',
  EtcdIndeterminateError: 'ETCD_INDETERMINATE',
  EtcdRaftError: 'ETCD_RAFT',
  EtcdElectionInProgressError: 'ETCD_ELECTION_IN_PROGRESS',
  EtcdServerError: 'ETCD_SERVER',
  EtcdResponseError: 'ETCD_RESPONSE',
  EtcdResponseTooLargeError: 'ETCD_RESPONSE_TOO_LARGE',
  EtcdRedirectError: 'ETCD_REDIRECT',
  EtcdV2NotEnabledError: 'ETCD_V2_NOT_ENABLED',
  EtcdClusterIdChangedError: 'ETCD_CLUSTER_ID_CHANGED',
  EtcdDiscoveryError: 'ETCD_DISCOVERY',
  EtcdClosedError: 'ETCD_CLOSED',
  EtcdAbortedError: 'ETCD_ABORTED',
  EtcdLeaseLostError: 'ETCD_LEASE_LOST',
  EtcdLockNotAcquiredError: 'ETCD_LOCK_NOT_ACQUIRED',
  EtcdLockReentryError: 'ETCD_LOCK_REENTRY',
};

const all = makeAll(errors);
const classes = Object.entries(all) as [ErrorName, errors.EtcdError][];

describe('The errors', () => {
  it('have codes that are unique and stay as they are', () => {
    expect(Object.fromEntries(classes.map(([name, { code }]) => [name, code]))).toEqual(codes);
    expect(new Set(Object.values(codes)).size).toBe(classes.length);
  });

  it.each(classes)('%s is an Error with its class as its name, and shows both', (name, error) => {
    // As everywhere in Node, an abort is called AbortError.
    expect(error.name).toBe(name === 'EtcdAbortedError' ? 'AbortError' : name);
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(errors.EtcdError);
    expect(error.message).not.toBe('');
    expect(inspect(error)).toContain(error.code);
    expect(error.stack).toContain(error.message);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ code: error.code, attempts: [] });
  });

  it('belong to no class but their own and its ancestors', () => {
    const ancestors: Partial<Record<ErrorName, ErrorName>> = {
      EtcdInvalidKeyError: 'EtcdOptionsError',
      EtcdResponseTooLargeError: 'EtcdResponseError',
    };
    for (const [name, error] of classes) {
      const expected = new Set<ErrorName>(['EtcdError', name, ...(ancestors[name] ? [ancestors[name]] : [])]);
      const found = (Object.keys(codes) as ErrorName[]).filter((other) => error instanceof errors[other]);
      expect(new Set(found)).toEqual(expected);
    }
  });

  it('may have changed something only where they say so', () => {
    const indeterminate = classes.filter(([, { mayHaveBeenApplied }]) => mayHaveBeenApplied);
    expect(indeterminate.map(([name]) => name)).toEqual(['EtcdIndeterminateError']);
    expect(new errors.EtcdClosedError({ mayHaveBeenApplied: true }).mayHaveBeenApplied).toBe(true);
  });

  it('keep what they are told, and have no cause where there is none', () => {
    const cause = new Error('socket');
    const attempts = [{ endpoint: 'http://a:1', outcome: 'ECONNRESET' }];
    const details = {
      errorCode: 100,
      status: 404,
      index: 7,
      reason: '/a',
      endpoint: 'http://a:1',
      attempts,
      cause,
    };
    expect(new errors.EtcdKeyNotFoundError('gone', details)).toMatchObject(details);
    expect('cause' in new errors.EtcdKeyNotFoundError('gone')).toBe(false);
  });
});

describe('Two loaded copies of the package', () => {
  let other: Errors;
  beforeAll(async () => {
    jest.resetModules();
    other = await import('./index.js');
  });

  it('are two copies', () => {
    expect(other.EtcdError).not.toBe(errors.EtcdError);
    expect(Object.getPrototypeOf(makeAll(other).EtcdRaftError)).not.toBe(errors.EtcdRaftError.prototype);
  });

  it("recognise each other's errors, class by class", () => {
    const theirs = Object.entries(makeAll(other)) as [ErrorName, errors.EtcdError][];
    for (const [name, error] of theirs) {
      for (const asked of Object.keys(codes) as ErrorName[])
        expect([name, asked, error instanceof errors[asked]]).toEqual([
          name,
          asked,
          all[name] instanceof errors[asked],
        ]);
    }
    for (const [name, error] of classes) expect(error instanceof other[name]).toBe(true);
  });

  it('do not take anything else for an error of theirs', () => {
    class EtcdKeyNotFoundError extends Error {}
    const strangers: unknown[] = [
      new EtcdKeyNotFoundError(),
      { name: 'EtcdError', code: 'ETCD_ERROR' },
      Object.create(null),
      new Error('x'),
      null,
      undefined,
      'EtcdError',
      () => undefined,
    ];
    for (const stranger of strangers) {
      expect(stranger instanceof errors.EtcdError).toBe(false);
      expect(stranger instanceof errors.EtcdKeyNotFoundError).toBe(false);
    }
  });
});
