import { describe, expect, it } from '@jest/globals';

import { EtcdOptionsError } from '../errors/index.js';
import { addressOf } from './host.js';
import { resolveOptions } from './index.js';
import type { EtcdClientOptions } from './index.js';

const resolve = (options: unknown) => resolveOptions(options as EtcdClientOptions);

describe('resolveOptions', () => {
  it('fills in every default', () => {
    const { hosts, logger, ...rest } = resolveOptions();
    expect(hosts.map(addressOf)).toEqual(['http://127.0.0.1:2379']);
    expect(rest).toEqual({
      srv: undefined,
      authorization: undefined,
      tls: undefined,
      timeout: 5_000,
      tryTimeout: 800,
      connections: 32,
      sync: { interval: 60_000 },
      order: 'random',
      quorum: false,
      clusterId: undefined,
      maxResponseBytes: 33_554_432,
      watch: { rearm: 2_000 },
    });
    for (const level of ['log', 'warn', 'error'] as const) expect(logger[level]('unseen')).toBeUndefined();
  });

  it('assumes https: with `tls`, for the default host as well', () => {
    expect(resolve({ tls: {} }).hosts.map(addressOf)).toEqual(['https://127.0.0.1:2379']);
    expect(resolve({ tls: {}, hosts: ['a', 'b:1'] }).hosts.map(addressOf)).toEqual([
      'https://a:2379',
      'https://b:1',
    ]);
  });

  it('encodes credentials as UTF-8, and gives each try more time with them', () => {
    const { authorization, tryTimeout } = resolve({ auth: { username: 'ü', password: 'p:ä😀' } });
    expect(Buffer.from(authorization?.slice('Basic '.length) ?? '', 'base64').toString()).toBe('ü:p:ä😀');
    expect(tryTimeout).toBe(3_000);
  });

  it('takes SRV discovery as a domain, or with the servers to ask', () => {
    expect(resolve({ srv: 'example.org' })).toMatchObject({ srv: { domain: 'example.org' }, hosts: [] });
    const srv = { domain: 'example.org', servers: ['10.0.0.53', '127.0.0.1:5353', '[::1]:53', '::1'] };
    expect(resolve({ srv }).srv).toEqual(srv);
  });

  it('turns synchronisation off, or takes its interval and filter', () => {
    expect(resolve({ sync: false }).sync).toBeUndefined();
    const accept = () => true;
    expect(resolve({ sync: { interval: 5, accept } }).sync).toEqual({ interval: 5, accept });
  });

  const logger = { log: () => undefined, warn: () => undefined, error: () => undefined };
  /** Every option with wrong values: the option that is named, the value that is shown, and the fix. */
  const wrong: [options: unknown, option: string, shown: string | undefined, fix: RegExp][] = [
    [null, 'options', 'null', /expected an object/],
    [7, 'options', '7 (number)', /expected an object/],
    [[], 'options', '(array)', /expected an object/],
    [{ host: 'a' }, 'host', undefined, /no such option here \(options\); known are .*hosts/],
    [{ hosts: [] }, 'hosts', '[]', /an address or a list of at least one/],
    [{ hosts: undefined }, 'hosts', undefined, /given as undefined; leave it out/],
    [{ hosts: null }, 'hosts', 'null', /an address or a list of at least one/],
    [{ hosts: 7 }, 'hosts', '7 (number)', /an address or a list of at least one/],
    [{ hosts: {} }, 'hosts', '(object)', /an address or a list of at least one/],
    [{ hosts: ['a', ''] }, 'hosts', "''", /expected e\.g\./],
    [{ hosts: Array.from({ length: 1 }) }, 'hosts', 'undefined', /expected e\.g\./],
    [{ srv: 'a', hosts: 'b' }, 'srv', undefined, /either `hosts` or `srv`/],
    [{ srv: '' }, 'srv', "''", /a text that is not empty/],
    [{ srv: null }, 'srv', 'null', /expected an object/],
    [{ srv: {} }, 'srv.domain', 'undefined', /a text that is not empty/],
    [{ srv: { domain: 'a', server: [] } }, 'server', undefined, /known are domain, servers/],
    [{ srv: { domain: 'a', servers: [] } }, 'srv.servers', '(array)', /a list of DNS servers/],
    [{ srv: { domain: 'a', servers: '10.0.0.53' } }, 'srv.servers', "'10.0.0.53'", /a list of DNS servers/],
    [{ srv: { domain: 'a', servers: ['dns.example'] } }, 'srv.servers', "'dns.example'", /IP addresses/],
    [{ srv: { domain: 'a', servers: [53] } }, 'srv.servers', '53 (number)', /IP addresses/],
    [{ auth: null }, 'auth', 'null', /expected an object/],
    [{ auth: { username: 'u' } }, 'auth.password', undefined, /leave out `auth`/],
    [{ auth: { username: 'u', password: '' } }, 'auth.password', undefined, /leave out `auth`/],
    [{ auth: { username: 'u', password: 7 } }, 'auth.password', undefined, /leave out `auth`/],
    [{ auth: { password: 'p' } }, 'auth.username', 'undefined', /a text that is not empty/],
    [{ auth: { username: 'a:b', password: 'p' } }, 'auth.username', undefined, /without|cannot carry/],
    [{ auth: { username: '\ud800', password: 'p' } }, 'auth.username', undefined, /half a surrogate pair/],
    [{ auth: { username: 'u', password: 'p\udc00' } }, 'auth.password', undefined, /half a surrogate pair/],
    [
      { auth: { username: 'u', password: 'p', user: 'u' } },
      'user',
      undefined,
      /known are password, username/,
    ],
    [{ tls: null }, 'tls', 'null', /expected an object/],
    [{ tls: true }, 'tls', 'true (boolean)', /expected an object/],
    [{ tls: { ca: '' } }, 'tls.ca', undefined, /PEM text, a Buffer or a path/],
    [{ tls: { ca: 7 } }, 'tls.ca', 'number', /PEM text, a Buffer or a path/],
    [{ tls: { cert: 'c' } }, 'tls.key', undefined, /both `tls\.cert` and `tls\.key`/],
    [{ tls: { key: 'k' } }, 'tls.cert', undefined, /both `tls\.cert` and `tls\.key`/],
    [{ tls: { passphrase: 7 } }, 'tls.passphrase', undefined, /a text/],
    [{ tls: { serverName: '' } }, 'tls.serverName', "''", /a text that is not empty/],
    [{ tls: { rejectUnauthorized: 0 } }, 'tls.rejectUnauthorized', '0 (number)', /true or false/],
    [{ tls: { servername: 'a' } }, 'servername', undefined, /known are .*serverName/],
    [{ tls: {}, hosts: 'http://a:1' }, 'hosts', "'http://a:1'", /`tls` is given/],
    ...[0, -1, NaN, Infinity, 2 ** 31, '5000', null, 5n].flatMap<(typeof wrong)[number]>((value) => [
      [{ timeout: value }, 'timeout', String(value), /milliseconds above 0 and up to 2147483647/],
      [{ tryTimeout: value }, 'tryTimeout', String(value), /milliseconds above 0/],
      [{ sync: { interval: value } }, 'sync.interval', String(value), /milliseconds above 0/],
    ]),
    ...[0, -1, 1.5, NaN, 65_536, '8', null].flatMap<(typeof wrong)[number]>((value) => [
      [{ connections: value }, 'connections', String(value), /a whole number of connections from 1 to 65535/],
    ]),
    ...[0, -1, 1.5, Infinity, '1', null].flatMap<(typeof wrong)[number]>((value) => [
      [{ maxResponseBytes: value }, 'maxResponseBytes', String(value), /a whole number of bytes from 1/],
    ]),
    [{ watch: 1 }, 'watch', '1 (number)', /expected an object/],
    [{ watch: { interval: 5 } }, 'interval', undefined, /known are rearm/],
    [{ watch: { rearm: 0 } }, 'watch.rearm', '0 (number)', /milliseconds above 0/],
    [{ sync: 1 }, 'sync', '1 (number)', /expected an object/],
    [{ sync: null }, 'sync', 'null', /expected an object/],
    [{ sync: { every: 5 } }, 'every', undefined, /known are accept, interval/],
    [{ sync: { accept: true } }, 'sync.accept', 'true (boolean)', /a function \(url\) => boolean/],
    [{ order: 'first' }, 'order', "'first' (string)", /'random', 'given' or 'leader'/],
    [{ order: null }, 'order', 'null', /'random', 'given' or 'leader'/],
    [{ order: 'leader', sync: false }, 'order', undefined, /'leader' needs `sync`/],
    [{ quorum: 'true' }, 'quorum', "'true' (string)", /true or false/],
    [{ clusterId: 7 }, 'clusterId', '7 (number)', /X-Etcd-Cluster-Id/],
    [{ clusterId: 'ABC' }, 'clusterId', "'ABC'", /lower case/],
    [{ clusterId: '0abc' }, 'clusterId', "'0abc'", /no zeros in front/],
    [{ clusterId: 'a'.repeat(17) }, 'clusterId', "'aaa", /hexadecimal/],
    [{ clusterId: '' }, 'clusterId', "''", /hexadecimal/],
    [{ logger: null }, 'logger', 'null', /needs a method `log\(message\)`/],
    [{ logger: 'console' }, 'logger', "'console'", /needs a method `log\(message\)`/],
    [{ logger: { ...logger, warn: undefined } }, 'logger', '(object)', /needs a method `warn\(message\)`/],
  ];

  it.each(wrong)('refuses %p and names `%s`, the value and the fix', (options, option, shown, fix) => {
    expect(() => resolve(options)).toThrow(EtcdOptionsError);
    expect(() => resolve(options)).toThrow(fix);
    expect(() => resolve(options)).toThrow(expect.objectContaining({ option, code: 'ETCD_OPTIONS' }));
    expect(() => resolve(options)).toThrow(shown ?? option);
  });

  it.each<[string, unknown]>([
    ['a URL in place of the options', 'http://root:hunter2@a:1'],
    ['credentials in one text', { auth: 'root:hunter2' }],
    ['credentials in a list', { auth: ['root', 'hunter2'] }],
    ['a name with its password', { auth: { username: 'root:hunter2', password: 'hunter2' } }],
    ['a password that is no text', { auth: { username: 'root', password: ['hunter2'] } }],
    ['a key in place of the TLS options', { tls: '-----BEGIN PRIVATE KEY-----hunter2' }],
    ['a key that is no text', { tls: { cert: 'c', key: { pem: 'hunter2' } } }],
    ['a passphrase that is no text', { tls: { passphrase: ['hunter2'] } }],
    ['credentials in an address', { hosts: ['ftp://root:hunter2@a'] }],
    ['half a surrogate pair', { auth: { username: 'root', password: 'hunter2\ud800' } }],
  ])('does not show a secret in %s', (_, options) => {
    expect(() => resolve(options)).toThrow(EtcdOptionsError);
    expect(() => resolve(options)).not.toThrow(/hunter2/);
  });
});
