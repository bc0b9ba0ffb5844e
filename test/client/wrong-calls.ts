import { type EtcdClient } from 'nestjs-etcd/client';

interface WrongCall {
  what: string;
  call: (etcd: EtcdClient) => Promise<unknown>;
  /** The option or argument that the error names. */
  option: string;
  /** The value and the fix. */
  says: RegExp;
}

/** What no type checker would let through, as JavaScript can say it. */
const wrong = (value: unknown) => value as never;

const ttls: WrongCall[] = [-1, 1.5, NaN, Infinity, 1e10, '5', true, null].flatMap((ttl) => {
  const says = /expected a whole number of seconds/;
  return [
    { what: `set with ttl ${String(ttl)} (${typeof ttl})`, call: (etcd) => etcd.set('/k', 'v', { ttl: wrong(ttl) }), option: 'ttl', says },
    { what: `refresh with ttl ${String(ttl)} (${typeof ttl})`, call: (etcd) => etcd.refresh('/k', wrong(ttl)), option: 'ttl', says },
    { what: `mkdir with ttl ${String(ttl)} (${typeof ttl})`, call: (etcd) => etcd.mkdir('/k', { ttl: wrong(ttl) }), option: 'ttl', says },
  ] satisfies WrongCall[];
}); // prettier-ignore

const values: WrongCall[] = [undefined, null, 5, true, { a: 1 }, Buffer.from('b')].map((value) => ({
  what: `the value ${String(value)} (${typeof value})`,
  call: (etcd) => etcd.set('/k', wrong(value)),
  option: 'value',
  says: /expected a text, got .*; encode it, e\.g\. with the codec `json` or `base64`/,
}));

const flags: WrongCall[] = (
  [
    ['recursive', (etcd, flag) => etcd.get('/k', { recursive: flag })],
    ['sorted', (etcd, flag) => etcd.find('/k', { sorted: flag })],
    ['quorum', (etcd, flag) => etcd.exists('/k', { quorum: flag })],
    ['quorum', (etcd, flag) => etcd.json('/k', { quorum: flag })],
    ['noValueOnSuccess', (etcd, flag) => etcd.set('/k', 'v', { noValueOnSuccess: flag })],
    ['idempotent', (etcd, flag) => etcd.update('/k', 'v', { idempotent: flag })],
    ['uniqueValue', (etcd, flag) => etcd.create('/k', 'v', { uniqueValue: flag })],
    ['uniqueValue', (etcd, flag) => etcd.modify('/k', () => 'v', { uniqueValue: flag })],
    ['inOrder', (etcd, flag) => etcd.mkdir('/k', { inOrder: flag })],
    ['replaceFile', (etcd, flag) => etcd.mkdir('/k', { replaceFile: flag })],
    ['dir', (etcd, flag) => etcd.delete('/k', { dir: flag })],
    ['recursive', (etcd, flag) => etcd.pop('/k', { recursive: flag })],
  ] as [string, (etcd: EtcdClient, flag: never) => Promise<unknown>][]
).map(([option, call], i) => ({
  what: `${option} as a text (${i})`,
  call: (etcd) => call(etcd, wrong('true')),
  option,
  says: /expected true or false, got 'true' \(string\)/,
}));

const conditions: WrongCall[] = [
  { what: 'a swap without options', call: (etcd) => etcd.compareAndSwap('/k', 'v', wrong(undefined)), option: 'options of compareAndSwap', says: /expected an object, got undefined/ },
  { what: 'a swap without a condition', call: (etcd) => etcd.compareAndSwap('/k', 'v', wrong({})), option: 'prevValue', says: /needs `prevValue` or `prevIndex`/ },
  { what: 'a swap with an undefined condition', call: (etcd) => etcd.compareAndSwap('/k', 'v', wrong({ prevValue: undefined })), option: 'prevValue', says: /got undefined/ },
  { what: 'a compareAndDelete without a condition', call: (etcd) => etcd.compareAndDelete('/k', wrong({})), option: 'prevValue', says: /needs/ },
  { what: "prevValue ''", call: (etcd) => etcd.compareAndSwap('/k', 'v', { prevValue: '' }), option: 'prevValue', says: /cannot compare with ''; compare `prevIndex` instead/ },
  { what: 'prevValue null', call: (etcd) => etcd.compareAndSwap('/k', 'v', wrong({ prevValue: null })), option: 'prevValue', says: /got null/ },
  { what: 'prevIndex 0', call: (etcd) => etcd.compareAndSwap('/k', 'v', { prevIndex: 0 }), option: 'prevIndex', says: /from 1 to .*got 0 \(number\)/ },
  { what: 'prevIndex null', call: (etcd) => etcd.compareAndDelete('/k', wrong({ prevIndex: null })), option: 'prevIndex', says: /got null/ },
  { what: 'prevIndex as a text', call: (etcd) => etcd.refresh('/k', 1, wrong({ prevIndex: '5' })), option: 'prevIndex', says: /got '5' \(string\)/ },
  { what: 'uniqueValue with noValueOnSuccess', call: (etcd) => etcd.create('/k', 'v', { uniqueValue: true, noValueOnSuccess: true }), option: 'noValueOnSuccess', says: /cannot be combined with `uniqueValue`/ },
  { what: 'mkdir with inOrder and replaceFile', call: (etcd) => etcd.mkdir('/k', { inOrder: true, replaceFile: true }), option: 'replaceFile', says: /cannot be combined with `inOrder`.*leave one of them out/ },
]; // prettier-ignore

const shapes: WrongCall[] = [
  { what: 'a misspelt option', call: (etcd) => etcd.set('/k', 'v', wrong({ prevexist: false })), option: 'prevexist', says: /no such option .*known are .*ttl/ },
  { what: 'a condition that is undefined', call: (etcd) => etcd.refresh('/k', 5, { prevValue: undefined }), option: 'prevValue', says: /got undefined/ },
  { what: 'one of two conditions that is undefined', call: (etcd) => etcd.compareAndSwap('/k', 'v', wrong({ prevIndex: 4, prevValue: undefined })), option: 'prevValue', says: /got undefined/ },
  { what: 'an option of another operation', call: (etcd) => etcd.set('/k', 'v', wrong({ prevValue: 'a' })), option: 'prevValue', says: /no such option here \(options of set\)/ },
  { what: 'a TTL in place of the options', call: (etcd) => etcd.set('/k', 'v', wrong(60)), option: 'options of set', says: /expected an object, got 60 \(number\)/ },
  { what: 'null in place of the options', call: (etcd) => etcd.get('/k', wrong(null)), option: 'options of get', says: /expected an object, got null/ },
  { what: 'options of rmdir', call: (etcd) => etcd.rmdir('/k', wrong({ recursive: true })), option: 'recursive', says: /no such option/ },
  { what: 'timeout 0', call: (etcd) => etcd.get('/k', { timeout: 0 }), option: 'timeout', says: /expected milliseconds above 0 .*got 0/ },
  { what: 'timeout as a text', call: (etcd) => etcd.members.list(wrong({ timeout: '5s' })), option: 'timeout', says: /got '5s' \(string\)/ },
  { what: 'a signal that is none', call: (etcd) => etcd.delete('/k', wrong({ signal: {} })), option: 'signal', says: /expected an AbortSignal, got \(object\)/ },
  { what: 'a misspelt call option', call: (etcd) => etcd.stats.self(wrong({ timeuot: 1 })), option: 'timeuot', says: /known are signal, timeout/ },
  { what: 'a change that is no function', call: (etcd) => etcd.modify('/k', wrong('v')), option: 'change', says: /expected a function \(value\) => newValue, got string/ },
  { what: 'a codec that is none', call: (etcd) => etcd.value('/k', wrong(undefined)), option: 'codec', says: /expected a codec with `decode`, got undefined/ },
  { what: 'a schema that is none', call: (etcd) => etcd.json('/k', { schema: wrong({}) }), option: 'schema', says: /expected a schema with `validate`, got undefined/ },
  { what: 'a value with half a surrogate pair', call: (etcd) => etcd.set('/k', 'a\ud800'), option: 'value', says: /half a surrogate pair.*base64/ },
  { what: 'a value near 10 MiB', call: (etcd) => etcd.set('/k', 'x'.repeat(9_000_000)), option: 'value', says: /it has 9000000 bytes.*8388608 are the limit/ },
  { what: 'a value that is too long once encoded', call: (etcd) => etcd.set('/k', '%'.repeat(4_000_000)), option: 'value', says: /percent-encoded it has/ },
]; // prettier-ignore

const others: WrongCall[] = [
  { what: 'a member id that is none', call: (etcd) => etcd.members.remove('leader'), option: 'id', says: /expected the hexadecimal id of a member, got 'leader'/ },
  { what: 'no member id', call: (etcd) => etcd.members.update(wrong(undefined), 'http://127.0.0.1:1'), option: 'id', says: /got undefined/ },
  ...['127.0.0.1:2380', 'http://127.0.0.1', 'http://127.0.0.1:1/x', '', []].map((urls) => ({
    what: `the peer URLs ${JSON.stringify(urls)}`,
    call: (etcd: EtcdClient) => etcd.members.add(urls),
    option: 'peerURLs',
    says: /expected URLs such as 'http:\/\/10\.0\.0\.4:2380', with a port and without a path/,
  })),
  { what: 'a user with a slash', call: (etcd) => etcd.users.get('a/b'), option: 'user', says: /cannot hold the name 'a\/b'.*without slashes/ },
  { what: 'a user with a colon', call: (etcd) => etcd.users.create('a:b', 'p'), option: 'user', says: /cannot carry the name 'a:b'/ },
  { what: 'a user with half a surrogate pair', call: (etcd) => etcd.users.get('a\ud800'), option: 'user', says: /half a surrogate pair/ },
  { what: 'a user ..', call: (etcd) => etcd.users.delete('..'), option: 'user', says: /cannot hold the name/ },
  { what: 'no password', call: (etcd) => etcd.users.create('u', ''), option: 'password', says: /expected a text that is not empty/ },
  { what: 'a new password that is none', call: (etcd) => etcd.users.changePassword('u', wrong(undefined)), option: 'password', says: /expected a text/ },
  { what: 'an empty role', call: (etcd) => etcd.roles.get(''), option: 'role', says: /got '' \(string\)/ },
  { what: 'a list of roles that is none', call: (etcd) => etcd.users.grant('u', wrong(5)), option: 'roles', says: /expected a name or a list of names, got 5/ },
  { what: 'an empty role in a list', call: (etcd) => etcd.users.create('u', 'p', ['']), option: 'roles', says: /not empty/ },
  { what: 'the empty pattern, which crashes etcd', call: (etcd) => etcd.roles.create('r', { read: '' }), option: 'permissions.read', says: /expected patterns such as '\/app\/\*'/ },
  { what: 'a pattern without its slash', call: (etcd) => etcd.roles.grant('r', { write: ['/a', 'b'] }), option: 'permissions.write', says: /with a slash or an asterisk at its start/ },
  { what: 'a misspelt permission', call: (etcd) => etcd.roles.revoke('r', wrong({ reads: '/a' })), option: 'reads', says: /known are read, write/ },
]; // prettier-ignore

const nothings: WrongCall[] = (
  [
    (etcd) => etcd.roles.grant('r', {}),
    (etcd) => etcd.roles.revoke('r', { read: [], write: [] }),
    (etcd) => etcd.users.grant('u', []),
    (etcd) => etcd.users.revoke('u', []),
  ] satisfies WrongCall['call'][]
).map((call, i) => ({
  what: `a change of nothing (${i})`,
  call,
  option: i < 2 ? 'permissions' : 'roles',
  says: /expected (at least one name, got \[\]|`read` or `write` with a pattern)/,
}));

export const wrongCalls: WrongCall[] = [
  ...ttls,
  ...values,
  ...flags,
  ...conditions,
  ...shapes,
  ...others,
  ...nothings,
];

/** Keys that etcd v2 cannot hold, or would take for others. */
export const wrongKeys: { key: unknown; says: RegExp }[] = [
  { key: '', says: /the root is '\/'/ },
  { key: '//', says: /empty segment/ },
  { key: '/a//b', says: /'\/a\/\/b' \(string\) has an empty segment/ },
  { key: '/a/./b', says: /segment '\.'/ },
  { key: '/a/../b', says: /segment '\.\.'/ },
  { key: '..', says: /resolves and cannot hold/ },
  { key: ['a', ''], says: /empty segment/ },
  { key: ['a/b'], says: /holds a slash, which etcd v2 takes for a separator/ },
  { key: ['..'], says: /segment '\.\.'/ },
  { key: [1], says: /expected segments of text, got 1 \(number\)/ },
  { key: '/a\ud800', says: /half a surrogate pair/ },
  { key: `/${'k'.repeat(4_000)}`, says: /at most 4000; shorten the key/ },
  { key: `/${'é'.repeat(700)}`, says: /request line has \d+ bytes/ },
  { key: undefined, says: /expected a path or its segments, got undefined/ },
  { key: null, says: /got null/ },
  { key: 7, says: /got 7 \(number\)/ },
];
