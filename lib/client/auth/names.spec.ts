import { describe, expect, it } from '@jest/globals';

import { EtcdOptionsError, EtcdResponseError } from '../errors/index.js';
import { nameList, namePath, someNames } from './names.js';
import { readRole } from './roles.js';

describe('namePath', () => {
  it.each([
    ['alice', 'alice'],
    ['a b', 'a%20b'],
    ['q?x#y', 'q%3Fx%23y'],
    ['%2F', '%252F'],
    ['é', '%C3%A9'],
  ])('encodes %j', (name, encoded) => {
    expect(namePath('users', name)).toBe(`/v2/auth/users/${encoded}`);
    expect(namePath('roles', name)).toBe(`/v2/auth/roles/${encoded}`);
  });

  it.each(['', '.', '..', 'a/b', 'a\ud800', 5, undefined, null])('refuses %p', (name) => {
    expect(() => namePath('roles', name)).toThrow(EtcdOptionsError);
  });

  it('refuses a colon in the name of a user only', () => {
    expect(() => namePath('users', 'a:b')).toThrow(/basic auth/);
    expect(namePath('roles', 'a:b')).toBe('/v2/auth/roles/a%3Ab');
  });
});

describe('Lists of names', () => {
  it('takes one name for a list of one, and none only where that means something', () => {
    expect(nameList('roles', 'a')).toEqual(['a']);
    expect(nameList('roles', [])).toEqual([]);
    expect(() => someNames('roles', [])).toThrow(/at least one name/);
  });
});

describe('readRole', () => {
  it.each([
    ['a name', 'app', { name: 'app', permissions: undefined }],
    ['an object without permissions', { role: 'app' }, { name: 'app', permissions: undefined }],
    [
      'an object whose sides were never given',
      { role: 'app', permissions: { kv: { read: null } } },
      { name: 'app', permissions: { read: [], write: [] } },
    ],
  ])('reads %s', (_, raw, role) => {
    expect(readRole(raw)).toEqual(role);
  });

  it.each([
    5,
    null,
    [],
    {},
    { role: 5 },
    { role: 'r', permissions: {} },
    { role: 'r', permissions: { kv: { read: [1] } } },
  ])('refuses %j', (raw) => {
    expect(() => readRole(raw)).toThrow(EtcdResponseError);
  });
});
