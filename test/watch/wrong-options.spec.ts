import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdInvalidKeyError, EtcdOptionsError } from 'nestjs-etcd/client';

import { wrongKeys } from '../client/wrong-calls.js';
import { FakeMember } from '../cluster/fake-member.js';

/** What no type checker would let through, as JavaScript can say it. */
const wrong = (value: unknown) => value as never;
/** Calls that throw and calls that reject are wrong alike. */
const problemOf = async (call: () => unknown) => {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  return undefined;
};

type Call = (etcd: EtcdClient) => unknown;

const watches: [what: string, call: Call, option: string, says: RegExp][] = [
  ['recursive as a text', (etcd) => etcd.watch('/k', wrong({ recursive: 'true' })), 'recursive', /expected true or false, got 'true' \(string\)/],
  ['initial as a number', (etcd) => etcd.watch('/k', wrong({ initial: 1 })), 'initial', /expected true or false, got 1 \(number\)/],
  ...[0, -1, 1.5, NaN, Infinity, 2 ** 53, '7', null].map((waitIndex): [string, Call, string, RegExp] => [
    `waitIndex ${String(waitIndex)} (${typeof waitIndex})`,
    (etcd) => etcd.watch('/k', wrong({ waitIndex })),
    'waitIndex',
    /expected a whole number of store indexes from 1 to 9007199254740991, got /,
  ]),
  ...[0, -1, 0.5, 1_000_001, '10', null].map((buffer): [string, Call, string, RegExp] => [
    `buffer ${String(buffer)} (${typeof buffer})`,
    (etcd) => etcd.watch('/k', wrong({ buffer })),
    'buffer',
    /expected a whole number of events from 1 to 1000000, got /,
  ]),
  ['waitIndex with initial', (etcd) => etcd.watch('/k', { waitIndex: 7, initial: true }), 'waitIndex', /cannot be combined with `initial`/],
  ['a signal that is none', (etcd) => etcd.watch('/k', wrong({ signal: {} })), 'signal', /expected an AbortSignal, got \(object\)/],
  ['a misspelt option', (etcd) => etcd.watch('/k', wrong({ recusive: true })), 'recusive', /no such option here \(options of watch\); known are buffer, initial, recursive, signal, waitIndex/],
  ['an option of a read', (etcd) => etcd.watch('/k', wrong({ quorum: true })), 'quorum', /no such option/],
  ['null in place of the options', (etcd) => etcd.watch('/k', wrong(null)), 'options of watch', /expected an object, got null/],
  ['an index in place of the options', (etcd) => etcd.watch('/k', wrong(7)), 'options of watch', /expected an object, got 7 \(number\)/],
]; // prettier-ignore

const others: typeof watches = [
  ...[0, -1, NaN, '5s', null].map((timeout): [string, Call, string, RegExp] => [
    `waitForChange with timeout ${String(timeout)}`,
    (etcd) => etcd.waitForChange('/k', wrong({ timeout })),
    'timeout',
    /expected milliseconds above 0 and up to 2147483647, got /,
  ]),
  ['waitForChange with initial', (etcd) => etcd.waitForChange('/k', wrong({ initial: true })), 'initial', /no such option here \(options of waitForChange\); known are recursive, signal, timeout, waitIndex/],
  ['waitForChange with waitIndex 0', (etcd) => etcd.waitForChange('/k', { waitIndex: 0 }), 'waitIndex', /from 1 to .*got 0 \(number\)/],
  ['waitForChange with a number in place of the options', (etcd) => etcd.waitForChange('/k', wrong(7)), 'options of waitForChange', /expected an object, got 7/],
  ['a cache with recursive', (etcd) => etcd.cache('/k', wrong({ recursive: false })), 'recursive', /no such option here \(options of cache\); known are signal/],
  ['a cache with a signal that is none', (etcd) => etcd.cache('/k', wrong({ signal: 'x' })), 'signal', /expected an AbortSignal, got 'x' \(string\)/],
  ['a client with rearm 0', () => new EtcdClient({ watch: { rearm: 0 } }), 'watch.rearm', /expected milliseconds above 0 .*got 0/],
  ['a client with rearm as a text', () => new EtcdClient({ watch: { rearm: wrong('2s') } }), 'watch.rearm', /got '2s' \(string\)/],
  ['a client with a misspelt option of watches', () => new EtcdClient({ watch: wrong({ reArm: 1 }) }), 'reArm', /no such option here \(watch\); known are rearm/],
  ['a client with a number for its watches', () => new EtcdClient({ watch: wrong(500) }), 'watch', /expected an object, got 500/],
]; // prettier-ignore

describe('A watch that is asked for wrongly', () => {
  let member: FakeMember;
  let etcd: EtcdClient;
  beforeAll(async () => {
    member = await FakeMember.start();
    etcd = new EtcdClient({ hosts: member.url });
  });
  afterAll(async () => {
    await etcd.close();
    await member[Symbol.asyncDispose]();
  });

  it.each([...watches, ...others])(
    'with %s: names the option, the value and the fix',
    async (_, call, option, says) => {
      const error = await problemOf(() => call(etcd));
      expect(error).toBeInstanceOf(EtcdOptionsError);
      expect(error).toMatchObject({ code: 'ETCD_OPTIONS', option, message: expect.stringMatching(says) });
    },
  );

  const labelled = wrongKeys.map(({ key, says }) => ({
    key,
    says,
    label: JSON.stringify(key)?.slice(0, 20),
  }));
  it.each(labelled)('with the key $label: names the key and the fix', async ({ key, says }) => {
    for (const call of [
      () => etcd.watch(wrong(key)),
      () => etcd.waitForChange(wrong(key)),
      () => etcd.cache(wrong(key)),
    ]) {
      const error = await problemOf(call);
      expect(error).toBeInstanceOf(EtcdInvalidKeyError);
      expect(error?.message).toMatch(says);
    }
  });

  it('throws at once where it returns no promise', () => {
    expect(() => etcd.watch('/k', { waitIndex: 0 })).toThrow(EtcdOptionsError);
    expect(() => etcd.cache('')).toThrow(EtcdInvalidKeyError);
  });

  it('sends nothing', async () => {
    await etcd.get('/a');
    expect(member.served).toEqual(['GET /v2/keys/a']);
  });
});
