import { describe, expect, it } from '@jest/globals';

import { EtcdInvalidKeyError } from '../errors/index.js';
import { checkPlainSet, checkRequestLine, encodeKey, type EtcdKey, normalizeKey } from './key-path.js';

describe('normalizeKey', () => {
  it.each<[string, EtcdKey, string]>([
    ['a plain path as it is', '/a/b-c.d_e~f/0', '/a/b-c.d_e~f/0'],
    ['a path without its first slash', 'a/b', '/a/b'],
    ['a path with a slash at its end', '/a/b/', '/a/b'],
    ['the root', '/', '/'],
    ['segments', ['a', 'b c', 'ü'], '/a/b c/ü'],
    ['no segments: the root', [], '/'],
    ['names of dots that are ordinary', '/.../.x/x./..y', '/.../.x/x./..y'],
    ['what looks like an encoding, and is a name', '/%2e%2e/%2F', '/%2e%2e/%2F'],
    ['hidden keys', '/_a/_b', '/_a/_b'],
    ['control characters', '/\0\n\t\u007f', '/\0\n\t\u007f'],
    ['backslashes, which separate nothing', '/a\\..\\b', '/a\\..\\b'],
  ])('takes %s', (_, key, expected) => {
    expect(normalizeKey(key)).toBe(expected);
  });

  it.each<[string, unknown, RegExp]>([
    ['an empty text', '', /empty; the root is '\/'/],
    ['an empty segment', '/a//b', /empty segment/],
    ['two slashes at its beginning', '//a', /empty segment/],
    ['nothing but slashes', '//', /empty segment/],
    ['two slashes at its end', '/a//', /empty segment/],
    ['a dot segment', '/a/./b', /segment '\.'/],
    ['a dot segment alone', '.', /segment '\.'/],
    ['two dots in front', '../a', /segment '\.\.'/],
    ['two dots at the end', '/a/..', /segment '\.\.'/],
    ['two dots and a slash at the end', '/a/../', /segment '\.\.'/],
    ['an empty segment in a list', ['a', ''], /empty segment/],
    ['two dots in a list', ['a', '..'], /segment '\.\.'/],
    ['a slash in a segment', ['a/b'], /holds a slash/],
    ['a hole in a list', Array.of<unknown>('a', undefined), /segments of text, got undefined/],
    ['a number', 7, /got 7 \(number\)/],
    ['null', null, /got null/],
    ['an object', { node: {} }, /got \(object\)/],
  ])('refuses %s', (_, key, message) => {
    expect(() => normalizeKey(key as EtcdKey)).toThrow(message);
    expect(() => normalizeKey(key as EtcdKey)).toThrow(EtcdInvalidKeyError);
  });
});

describe('encodeKey', () => {
  it.each([
    ['/a/b', '/a/b'],
    ['/', '/'],
    ['/a b/+', '/a%20b/%2B'],
    ['/a?b#c%2F\\', '/a%3Fb%23c%252F%5C'],
    ['/\0\r\n', '/%00%0D%0A'],
    ['/ü/😀', '/%C3%BC/%F0%9F%98%80'],
    ['/a;b=c&d', '/a%3Bb%3Dc%26d'],
    ['/.../.x', '/.../.x'],
  ])('writes %j as %s', (key, expected) => {
    expect(encodeKey(key)).toBe(expected);
    expect(decodeURIComponent(encodeKey(key))).toBe(key);
  });

  it.each(['/\ud800', '/a\udc00b', '/\udc00\ud800'])('refuses half a surrogate pair in %j', (key) => {
    expect(() => encodeKey(key)).toThrow(EtcdInvalidKeyError);
    expect(() => encodeKey(key)).toThrow(/half a surrogate pair/);
  });
});

describe('checkPlainSet', () => {
  it.each([
    '/0/members/ab/attributes',
    '/0/members/AB/attributes',
    '/0/members/0123456789abcdef/attributes/x',
    '/0/members/ab/attributes.old',
    '/deep/below/0/members/1/attributesX/y',
  ])('refuses %s, which makes etcd panic for good', (key) => {
    expect(() => checkPlainSet(key)).toThrow(EtcdInvalidKeyError);
    expect(() => checkPlainSet(key)).toThrow(/use `create` or `update`/);
  });

  it.each([
    '/0/members/ab/attribute',
    '/0/members/xyz/attributes',
    '/0/members/0123456789abcdef0/attributes',
    '/x0/members/ab/attributes',
    '/0/MEMBERS/ab/attributes',
  ])('lets %s pass, which is an ordinary key', (key) => {
    expect(() => checkPlainSet(key)).not.toThrow();
  });
});

describe('checkRequestLine', () => {
  const path = (bytes: number) => '/'.padEnd(bytes - 'GET '.length - ' HTTP/1.1'.length, 'x');

  it('takes a line of 4,000 bytes and refuses one of 4,001', () => {
    expect(() => checkRequestLine('GET', path(4_000))).not.toThrow();
    expect(() => checkRequestLine('GET', path(4_001))).toThrow(EtcdInvalidKeyError);
    expect(() => checkRequestLine('GET', path(4_001))).toThrow(/has 4001 bytes/);
  });
});
