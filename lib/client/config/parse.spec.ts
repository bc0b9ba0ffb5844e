import { describe, expect, it } from '@jest/globals';
import { EtcdDecodeError } from '../errors/index.js';
import { parseFile } from './parse.js';

const auto = (text: string) => parseFile('auto', text, '/a', '/config/a');

describe('parseFile', () => {
  it.each<[text: string, value: unknown]>([
    ['true', true],
    ['false', false],
    ['0', 0],
    ['-7', -7],
    ['0.25', 0.25],
    ['5432', 5432],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['{"a": [1, null]}', { a: [1, null] }],
    ['[]', []],
    ['\n{"a": 1}\n', { a: 1 }],
  ])('takes %j for %j', (text, value) => {
    expect(auto(text)).toEqual(value);
  });

  it.each([
    '', ' ', 'True', 'TRUE', 'yes', 'on', 'null', 'undefined', 'NaN', 'Infinity', ' 1', '1\n', 'true\n', '007', '+1', '1e5', '1e+21', '0x10', '1.0',
    '1.10', '.5', '5.', '-0', '1_000', '1,5', '10.0.0.1', '9007199254740992', '9007199254740993', '0.1000000000000000055', '12345678901234567890',
    '"quoted"', '{{template}}', '{"a": 1', '[1,]', '2026-01-02', '__proto__',
  ])('leaves %j as it is', (text) => {
    expect(auto(text)).toBe(text);
  }); // prettier-ignore

  it('gives back every number as it was written', () => {
    for (const number of [0.1, 1 / 3, 123.456, -1e-6, 1e20, 2 ** 53 - 1]) {
      const text = String(number);
      expect(String(auto(text))).toBe(text);
    }
  });

  it('freezes what JSON holds, and leaves out the name of the prototype', () => {
    const value = auto('{"a": {"b": [{}]}, "\\u005f_proto__": {"isAdmin": true}, "constructor": 1}') as {
      a: { b: object[] };
    };
    expect(Object.keys(value)).toEqual(['a', 'constructor']);
    for (const part of [value, value.a, value.a.b, value.a.b[0]]) expect(Object.isFrozen(part)).toBe(true);
    expect(Object.getPrototypeOf(value)).not.toHaveProperty('isAdmin');
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it('does not fail for what nests too deeply', () => {
    const depth = 100_000;
    expect(() => auto('['.repeat(depth) + ']'.repeat(depth))).not.toThrow();
  });

  it('leaves everything as text, or takes everything for JSON, where that is wanted', () => {
    for (const text of ['true', '1', '{}', '']) expect(parseFile('text', text, '/a', '/config/a')).toBe(text);
    const json = (text: string) => parseFile('json', text, '/a', '/config/a');
    expect(['null', '"a"', '1e5', ' true'].map(json)).toEqual([null, 'a', 1e5, true]);
    const attempt = () => json('hunter2');
    expect(attempt).toThrow(EtcdDecodeError);
    expect(attempt).toThrow('The value of /config/a cannot be decoded: it is no JSON');
  });

  it('asks a function, and does not repeat what that throws', () => {
    const parse = (text: string, key: string) => ({ [key]: text.split(',') });
    const value = parseFile(parse, 'a,b', '/list', '/config/list') as Record<string, string[]>;
    expect(value).toEqual({ '/list': ['a', 'b'] });
    expect(Object.isFrozen(value['/list'])).toBe(true);
    const date = new Date(0);
    const shared: Record<string, unknown> = { list: [{ a: 1 }], date };
    shared['self'] = shared;
    const copy = parseFile(() => shared, '', '/a', '/config/a') as typeof shared;
    expect(copy).toEqual(shared);
    expect([copy['self'] === copy, copy['date'] === date]).toEqual([true, true]);
    expect([copy, copy['list'], shared, shared['list']].map((part) => Object.isFrozen(part))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    const refuse = (text: string): never => {
      throw new Error(text);
    };
    expect(() => parseFile(refuse, 'hunter2', '/a', '/config/a')).toThrow(
      'The value of /config/a cannot be decoded: the function of `parse` refuses it',
    );
  });
});
