import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdLockStore, EtcdOptionsError } from 'nestjs-etcd/client';

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
const label = (value: unknown) => `${JSON.stringify(value) ?? String(value)} (${typeof value})`;

type Call = (etcd: EtcdClient) => unknown;
type Case = [what: string, call: Call, option: string, says: RegExp];

/** Everything that takes an option, by its name. */
const takers: Record<'ttl' | 'wait' | 'signal' | 'name' | 'prefix', [what: string, call: (etcd: EtcdClient, value: never) => unknown][]> = {
  ttl: [
    ['lock', (etcd, ttl) => etcd.lock('n', { ttl })],
    ['election', (etcd, ttl) => etcd.election('n', { ttl })],
    ['registry', (etcd, ttl) => etcd.registry('n', { ttl })],
    ['lease', (etcd, ttl) => etcd.lease('/k', 'v', { ttl })],
  ],
  wait: [
    ['acquire', (etcd, wait) => etcd.lock('n').acquire({ wait })],
    ['run', (etcd, wait) => etcd.lock('n').run(() => 0, { wait })],
    ['takeOver', (etcd, wait) => etcd.lock('n').takeOver('uuid', { wait })],
    ['campaign', (etcd, wait) => etcd.election('n').campaign('v', { wait })],
  ],
  signal: [
    ['acquire', (etcd, signal) => etcd.lock('n').acquire({ signal })],
    ['tryAcquire', (etcd, signal) => etcd.lock('n').tryAcquire({ signal })],
    ['run', (etcd, signal) => etcd.lock('n').run(() => 0, { signal })],
    ['takeOver', (etcd, signal) => etcd.lock('n').takeOver('uuid', { signal })],
    ['campaign', (etcd, signal) => etcd.election('n').campaign('v', { signal })],
    ['observe', (etcd, signal) => etcd.election('n').observe({ signal }).next()],
    ['lease', (etcd, signal) => etcd.lease('/k', 'v', { signal })],
  ],
  name: [
    ['lock', (etcd, name) => etcd.lock(name)],
    ['election', (etcd, name) => etcd.election(name)],
    ['registry', (etcd, name) => etcd.registry(name)],
  ],
  prefix: [
    ['lock', (etcd, prefix) => etcd.lock('n', { prefix })],
    ['election', (etcd, prefix) => etcd.election('n', { prefix })],
    ['registry', (etcd, prefix) => etcd.registry('n', { prefix })],
    ['EtcdLockStore', (etcd, prefix) => new EtcdLockStore(etcd, { prefix }).acquire('k', 'me', 1_000)],
  ],
}; // prettier-ignore

const values: [option: keyof typeof takers, value: unknown, says: RegExp][] = [
  ...[0, -1, 1.5, NaN, Infinity, 1e9 + 1, '10', null, true].map(
    (ttl): [keyof typeof takers, unknown, RegExp] => [
      'ttl',
      ttl,
      /expected a whole number of seconds from 1 to 1000000000, got /,
    ],
  ),
  ...[-1, NaN, Infinity, 2 ** 31, '5s', null, true].map((wait): [keyof typeof takers, unknown, RegExp] => [
    'wait',
    wait,
    /expected milliseconds from 0 to 2147483647, got .*; leave it out to wait as long as it takes/,
  ]),
  ['signal', {}, /expected an AbortSignal, got \(object\)/],
  ['signal', 'now', /expected an AbortSignal, got 'now' \(string\)/],
  ['signal', null, /expected an AbortSignal, got null/],
  ['name', '', /expected a text that is not empty, got '' \(string\)/],
  ['name', undefined, /expected a text that is not empty, got undefined/],
  ['name', null, /got null/],
  ['name', 7, /got 7 \(number\)/],
  ['name', ['a', 'b'], /got \(array\)/],
  ['name', 'a\ud800', /half a surrogate pair/],
];

const common: Case[] = values.flatMap(([option, value, says]) =>
  takers[option].map(([what, call]): Case => [
    `${what} with ${option} ${label(value)}`,
    (etcd) => call(etcd, wrong(value)),
    option,
    says,
  ]),
);

const shapes: Case[] = (
  [
    ['lock', (etcd, options) => etcd.lock('n', options), 'prefix, ttl'],
    ['election', (etcd, options) => etcd.election('n', options), 'prefix, ttl'],
    ['registry', (etcd, options) => etcd.registry('n', options), 'prefix, ttl'],
    ['acquire', (etcd, options) => etcd.lock('n').acquire(options), 'signal, wait'],
    ['run', (etcd, options) => etcd.lock('n').run(() => 0, options), 'reentrant, signal, wait'],
    ['campaign', (etcd, options) => etcd.election('n').campaign('v', options), 'signal, wait'],
    ['observe', (etcd, options) => etcd.election('n').observe(options).next(), 'signal'],
    ['lease', (etcd, options) => etcd.lease('/k', 'v', options), 'replace, signal, timeout, ttl, whenLost'],
    ['EtcdLockStore', (etcd, options) => new EtcdLockStore(etcd, options), 'prefix'],
  ] satisfies [string, (etcd: EtcdClient, options: never) => unknown, string][]
).flatMap(([what, call, known]): Case[] => [
  [`${what} with a misspelt option`, (etcd) => call(etcd, wrong({ tll: 1 })), 'tll', new RegExp(`no such option here \\(options of ${what}\\); known are ${known}`)],
  [`${what} with a number in place of the options`, (etcd) => call(etcd, wrong(7)), `options of ${what}`, /expected an object, got 7 \(number\)/],
  [`${what} with null in place of the options`, (etcd) => call(etcd, wrong(null)), `options of ${what}`, /expected an object, got null/],
]); // prettier-ignore

const store = (etcd: EtcdClient) => new EtcdLockStore(etcd);
const others: Case[] = [
  ['acquire with `reentrant`', (etcd) => etcd.lock('n').acquire(wrong({ reentrant: true })), 'reentrant', /no such option here \(options of acquire\)/],
  ['run with a text for reentrant', (etcd) => etcd.lock('n').run(() => 0, { reentrant: wrong('yes') }), 'reentrant', /expected true or false, got 'yes' \(string\)/],
  ['takeOver of no uuid', (etcd) => etcd.lock('n').takeOver(wrong(undefined)), 'uuid', /expected a text that is not empty, got undefined/],
  ['takeOver of an empty uuid', (etcd) => etcd.lock('n').takeOver(''), 'uuid', /got '' \(string\)/],
  ['campaign with a number', (etcd) => etcd.election('n').campaign(wrong(7)), 'value', /expected a text, got \(number\)/],
  ['campaign with nothing', (etcd) => etcd.election('n').campaign(wrong(undefined)), 'value', /expected a text, got undefined/],
  ['a lease with an empty value', (etcd) => etcd.lease('/k', ''), 'value', /expected a text that is not empty/],
  ['a lease with a number for its value', (etcd) => etcd.lease('/k', wrong(7)), 'value', /expected a text that is not empty, got \(number\)/],
  ['a lease with whenLost true', (etcd) => etcd.lease('/k', 'v', { whenLost: wrong(true) }), 'whenLost', /expected 'report' or 'reacquire', got true \(boolean\)/],
  ['a lease with replace as a text', (etcd) => etcd.lease('/k', 'v', { replace: wrong('yes') }), 'replace', /expected true or false, got 'yes' \(string\)/],
  ['a lease with timeout 0', (etcd) => etcd.lease('/k', 'v', { timeout: 0 }), 'timeout', /expected milliseconds above 0 and up to 2147483647, got 0/],
  ['register without anything', (etcd) => etcd.registry('n').register(wrong(undefined)), 'instance', /expected an object, got undefined/],
  ['register with a misspelt option', (etcd) => etcd.registry('n').register(wrong({ uri: 'u' })), 'uri', /no such option here \(instance\); known are id, metadata, url/],
  ['register without a url', (etcd) => etcd.registry('n').register(wrong({})), 'url', /expected a text that is not empty, got undefined/],
  ['register with an empty id', (etcd) => etcd.registry('n').register({ id: '', url: 'u' }), 'id', /expected a text that is not empty, got ''/],
  ['register with a number for its id', (etcd) => etcd.registry('n').register({ id: wrong(1), url: 'u' }), 'id', /got 1 \(number\)/],
  ['register with half a surrogate pair', (etcd) => etcd.registry('n').register({ id: 'a\ud800', url: 'u' }), 'id', /half a surrogate pair/],
  ...['text', 7, null, ['a']].map((metadata): Case => [`register with metadata ${label(metadata)}`, (etcd) => etcd.registry('n').register({ url: 'u', metadata: wrong(metadata) }), 'metadata', /expected an object, got /]),
  ...[0, -1, NaN, Infinity, 1e12 + 1, '5', null, undefined].flatMap((ttl): Case[] => [
    [`EtcdLockStore.acquire with ttl ${label(ttl)}`, (etcd) => store(etcd).acquire('k', 'me', wrong(ttl)), 'ttl', /expected milliseconds above 0, up to 10\^12, got /],
    [`EtcdLockStore.renew with ttl ${label(ttl)}`, (etcd) => store(etcd).renew('k', 'me', wrong(ttl)), 'ttl', /expected milliseconds above 0, up to 10\^12, got /],
  ]),
  ...['', undefined, 7].flatMap((text): Case[] => [
    [`EtcdLockStore.acquire with owner ${label(text)}`, (etcd) => store(etcd).acquire('k', wrong(text), 1), 'owner', /expected a text that is not empty/],
    [`EtcdLockStore.renew with owner ${label(text)}`, (etcd) => store(etcd).renew('k', wrong(text), 1), 'owner', /expected a text that is not empty/],
    [`EtcdLockStore.release with owner ${label(text)}`, (etcd) => store(etcd).release('k', wrong(text)), 'owner', /expected a text that is not empty/],
    [`EtcdLockStore.acquire with key ${label(text)}`, (etcd) => store(etcd).acquire(wrong(text), 'me', 1), 'key', /expected a text that is not empty/],
    [`EtcdLockStore.renew with key ${label(text)}`, (etcd) => store(etcd).renew(wrong(text), 'me', 1), 'key', /expected a text that is not empty/],
    [`EtcdLockStore.release with key ${label(text)}`, (etcd) => store(etcd).release(wrong(text), 'me'), 'key', /expected a text that is not empty/],
  ]),
]; // prettier-ignore

describe('What is asked for wrongly of locks, elections, registries and leases', () => {
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

  it.each([...common, ...shapes, ...others])(
    '%s: names the option, the value and the fix',
    async (_, call, option, says) => {
      const error = await problemOf(() => call(etcd));
      expect(error).toBeInstanceOf(EtcdOptionsError);
      expect(error).toMatchObject({ code: 'ETCD_OPTIONS', option, message: expect.stringMatching(says) });
      expect(error?.message).toContain(`\`${option}\``);
    },
  );

  const prefixes: [unknown, RegExp][] = [
    ['', /the root is '\/'/],
    ['//', /empty segment/],
    ['/a//b', /empty segment/],
    ['/a/../b', /segment '\.\.'/],
    [['a/b'], /holds a slash/],
    [7, /got 7 \(number\)/],
  ];
  it.each(
    takers.prefix.flatMap(([what, call]) => prefixes.map(([prefix, says]) => ({ what, call, prefix, says }))),
  )('$what with the prefix $prefix: tells what is wrong with it', async ({ call, prefix, says }) => {
    const error = await problemOf(() => call(etcd, wrong(prefix)));
    expect(error).toBeInstanceOf(EtcdOptionsError);
    expect(error?.message).toMatch(says);
  });

  it('throws at once where it returns no promise', () => {
    expect(() => etcd.lock('')).toThrow(EtcdOptionsError);
    expect(() => etcd.election('n', { ttl: 0 })).toThrow(EtcdOptionsError);
    expect(() => etcd.registry('n', { ttl: 0 })).toThrow(EtcdOptionsError);
    expect(() => new EtcdLockStore(etcd, wrong({ prefx: '/a' }))).toThrow(EtcdOptionsError);
  });

  it('sends nothing', async () => {
    await etcd.get('/a');
    expect(member.served).toEqual(['GET /v2/keys/a']);
  });
});

describe('What is asked for wrongly of what is held', () => {
  it('is refused, and it is held as before', async () => {
    await using member = await FakeMember.start();
    await using etcd = new EtcdClient({ hosts: member.url });
    await using discovery = etcd.registry('n').discover();
    for (const how of ['', 'first', 7, null]) {
      const error = await problemOf(() => discovery.pick(wrong(how)));
      expect(error).toMatchObject({ name: 'EtcdOptionsError', option: 'how' });
      expect(error?.message).toMatch(/expected 'round-robin' or 'random', got /);
    }
  });
});
