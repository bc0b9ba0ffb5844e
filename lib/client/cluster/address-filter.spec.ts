import { describe, expect, it } from '@jest/globals';

import { acceptsAddress } from './address-filter.js';

const configured = [new URL('http://10.0.0.1:2379')];
const accepts = (url: string, accept?: (url: URL) => boolean, hosts = configured) =>
  acceptsAddress(new URL(url), hosts, accept);

describe('acceptsAddress', () => {
  it.each([
    'http://10.0.0.2:2379',
    'http://192.168.1.1',
    'http://etcd-2.example.org:4001',
    'http://[fd00::2]:2379',
  ])('accepts %s', (url) => expect(accepts(url)).toBe(true));

  it.each([
    'https://10.0.0.2:2379',
    'file:///etc/passwd',
    'unix://etcd.sock',
    'http://user@10.0.0.2',
    'http://10.0.0.2/prefix',
    'http://10.0.0.2/?q',
    'http://10.0.0.2/#f',
    'http://169.254.169.254',
    'http://0.0.0.0:2379',
    'http://[::]:2379',
    'http://[fe80::1]:2379',
    'http://239.1.1.1:2379',
    'http://255.255.255.255:2379',
    'http://127.0.0.1:2379',
    'http://2130706433:2379',
    'http://[::1]:2379',
    'http://localhost:2379',
    'http://etcd.localhost:2379',
  ])('refuses %s', (url) => expect(accepts(url)).toBe(false));

  it('accepts a loopback address where a configured host is on the same one', () => {
    const local = [new URL('http://127.0.0.1:2379')];
    expect(accepts('http://127.0.0.1:4001', undefined, local)).toBe(true);
    expect(accepts('http://localhost:4001', undefined, local)).toBe(false);
  });

  it('leaves the decision to a filter of the user, but for what is no address of this kind at all', () => {
    expect(accepts('http://10.0.0.2', () => false)).toBe(false);
    expect(accepts('http://169.254.169.254', () => true)).toBe(true);
    expect(accepts('https://10.0.0.2', () => true)).toBe(false);
    expect(accepts('http://10.0.0.2/path', () => true)).toBe(false);
  });

  it('takes a promise, which an async filter gives, for no', () => {
    const late = (() => Promise.resolve(true)) as unknown as (url: URL) => boolean;
    expect(accepts('http://10.0.0.2', late)).toBe(false);
  });
});
