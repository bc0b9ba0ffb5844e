import { describe, expect, it } from '@jest/globals';

import { EtcdOptionsError } from '../errors/index.js';
import { checkInteger, checkMilliseconds, checkNames, checkSignal, show } from './check.js';

describe('show', () => {
  it.each<[unknown, string]>([
    ['a', "'a' (string)"],
    ['x'.repeat(61), `'${'x'.repeat(60)}…' (string)`],
    [1.5, '1.5 (number)'],
    [-0, '0 (number)'],
    [5n, '5 (bigint)'],
    [true, 'true (boolean)'],
    [Symbol('s'), 'Symbol(s) (symbol)'],
    [null, 'null'],
    [undefined, 'undefined'],
    [{ secret: 1 }, '(object)'],
    [Object.create(null), '(object)'],
    [['secret'], '(array)'],
    [() => 'secret', '(function)'],
  ])('shows %p shortly and with its type', (value, expected) => {
    expect(show(value)).toBe(expected);
  });
});

describe('checkNames', () => {
  it('sees inherited names, and the one called `__proto__` of parsed JSON', () => {
    const known = new Set(['a']);
    expect(() => checkNames('options', { a: 1 }, known)).not.toThrow();
    expect(() => checkNames('options', Object.create({ b: 1 }), known)).toThrow(
      /^`b`: no such option here \(options\)/,
    );
    expect(() => checkNames('options', JSON.parse('{"__proto__":{"a":1}}'), known)).toThrow(
      /^`__proto__`: no such/,
    );
  });
});

describe('the bounds of numbers', () => {
  it('belong to what is allowed', () => {
    for (const value of [1, 3]) expect(() => checkInteger('n', value, 1, 3, 'things')).not.toThrow();
    for (const value of [0, 4, 2.5, '2', new Number(2)])
      expect(() => checkInteger('n', value, 1, 3, 'things')).toThrow(EtcdOptionsError);
    for (const value of [Number.MIN_VALUE, 0.5, 2_147_483_647])
      expect(() => checkMilliseconds('t', value)).not.toThrow();
    for (const value of [0, 2_147_483_647.5, -Infinity])
      expect(() => checkMilliseconds('t', value)).toThrow(EtcdOptionsError);
  });
});

describe('checkSignal', () => {
  it('takes signals, and nothing that only looks a little like one', () => {
    expect(() => checkSignal(undefined)).not.toThrow();
    expect(() => checkSignal(new AbortController().signal)).not.toThrow();
    expect(() => checkSignal(AbortSignal.timeout(1))).not.toThrow();
    for (const wrong of [
      null,
      5,
      'abort',
      new AbortController(),
      { aborted: false },
      { aborted: 1, addEventListener: 1 },
    ])
      expect(() => checkSignal(wrong)).toThrow(/^`signal`: expected an AbortSignal, got /);
  });
});
