import { describe, expect, it } from '@jest/globals';

import { EtcdOptionsError } from '../errors/index.js';
import { addressOf, parseHost, pathPrefixOf } from './host.js';

/** The address as it is read, or that it contradicts `tls`. */
function read(host: string, tls: boolean): string {
  try {
    return addressOf(parseHost(host, tls));
  } catch (error) {
    return (error as Error).message.replace(/.*is (http:), but (`tls` is given);.*/s, '$1 although $2');
  }
}

describe('parseHost', () => {
  it.each<[host: string, address: string, tlsAddress: string | undefined]>([
    ['http://10.0.0.1:2379', 'http://10.0.0.1:2379', undefined],
    ['https://10.0.0.1:2379', 'https://10.0.0.1:2379', 'https://10.0.0.1:2379'],
    ['HTTP://Etcd.Example:4001/', 'http://etcd.example:4001', undefined],
    ['http://etcd', 'http://etcd', undefined],
    ['https://etcd', 'https://etcd', 'https://etcd'],
    ['10.0.0.1:4001', 'http://10.0.0.1:4001', 'https://10.0.0.1:4001'],
    ['10.0.0.1', 'http://10.0.0.1:2379', 'https://10.0.0.1:2379'],
    ['etcd.example', 'http://etcd.example:2379', 'https://etcd.example:2379'],
    ['localhost:80', 'http://localhost', 'https://localhost:80'],
    ['[::1]', 'http://[::1]:2379', 'https://[::1]:2379'],
    ['[::1]:4001', 'http://[::1]:4001', 'https://[::1]:4001'],
    ['http://[2001:DB8:0::1]:4001', 'http://[2001:db8::1]:4001', undefined],
    ['http://proxy:8080/etcd/', 'http://proxy:8080/etcd', undefined],
    ['proxy/etcd/one', 'http://proxy:2379/etcd/one', 'https://proxy:2379/etcd/one'],
    ['proxy:8080/etcd', 'http://proxy:8080/etcd', 'https://proxy:8080/etcd'],
    // As files and shells hand them over.
    ['10.0.0.1:4001\n', 'http://10.0.0.1:4001', 'https://10.0.0.1:4001'],
    ['  http://10.0.0.1:4001 ', 'http://10.0.0.1:4001', undefined],
  ])('reads %j as %s', (host, address, tlsAddress) => {
    expect(read(host, false)).toBe(address);
    expect(read(host, true)).toBe(tlsAddress ?? 'http: although `tls` is given');
  });

  it('gives the prefix of the path without a slash at its end', () => {
    expect(pathPrefixOf(parseHost('http://a:1', false))).toBe('');
    expect(pathPrefixOf(parseHost('http://a:1/b/c//', false))).toBe('/b/c');
  });

  it.each<[host: unknown, problem: RegExp]>([
    ['', /'' \(string\) is no address/],
    ['  ', /is no address/],
    [7, /7 \(number\) is no address/],
    [null, /null is no address/],
    [{ host: 'a', port: 1 }, /\(object\) is no address/],
    ['::1', /no valid address/],
    ['::1:2379', /no valid address/],
    ['http://', /no valid address/],
    ['http://a:99999', /no valid address/],
    ['a:port', /no valid address/],
    ['a:', /no valid address/],
    ['a:1:2', /no valid address/],
    [':2379', /no valid address/],
    ['//a:4001', /no valid address/],
    ['/etc/etcd', /no valid address/],
    ['http:/a:4001', /no valid address/],
    ['http:\\\\a:4001', /no valid address/],
    ['a b:4001', /no valid address/],
    ['a:40\n01', /no valid address/],
    ['http://a:4001,http://b:4001', /has a comma; give several addresses as a list/],
    ['a:4001,b:4001', /has a comma; give several addresses as a list/],
    ['ftp://a:4001', /neither http: nor https:/],
    ['unix:///run/etcd.sock', /neither http: nor https:/],
    ['http://a:4001?x=1', /query or a fragment/],
    ['http://a:4001/#x', /query or a fragment/],
  ])('refuses %j, and says what is expected', (host, problem) => {
    const parse = () => parseHost(host, false);
    expect(parse).toThrow(EtcdOptionsError);
    expect(parse).toThrow(problem);
    expect(parse).toThrow(/^`hosts`: .*expected e\.g\. 'http:\/\/10\.0\.0\.1:2379' or '10\.0\.0\.1:2379'$/s);
  });

  it.each([
    'http://root:hunter2@10.0.0.1:2379',
    'http://:hunter2@10.0.0.1:2379',
    'http://hunter2@10.0.0.1',
    'root:hunter2@10.0.0.1:2379',
    'root:hun/ter2@10.0.0.1:99999',
    'http://root:hunter2#@10.0.0.1:2379',
    'http://root:1/hunter2@10.0.0.1:2379',
    'http://root:1?hunter2@10.0.0.1:2379',
    'ftp://root:hunter2@10.0.0.1',
    'http:/root:hunter2@10.0.0.1',
    'http://root:hun\nter2@10.0.0.1:port',
  ])('refuses credentials in %j without showing them', (host) => {
    for (const tls of [false, true]) {
      expect(() => parseHost(host, tls)).toThrow(
        /credentials do not belong into the address but into `auth`/,
      );
      expect(() => parseHost(host, tls)).not.toThrow(/ter2|root/);
    }
  });
});
