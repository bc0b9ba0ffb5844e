import { inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';

import { EtcdResponseError } from '../errors/index.js';
import { numberField, objectField, optionalText, parseObject, requiredText, textList } from './json.js';

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('parseObject', () => {
  it.each([
    ['', 'The answer has no body.'],
    ['{"a":1', 'The answer is not JSON.'],
    ['<html></html>', 'The answer is not JSON.'],
    ['{"a":1}{"a":2}', 'The answer is not JSON.'],
    ['\ufeff{}', 'The answer is not JSON.'],
    ['NaN', 'The answer is not JSON.'],
    ['null', 'The answer is JSON, but no object.'],
    ['[]', 'The answer is JSON, but no object.'],
    ['"text"', 'The answer is JSON, but no object.'],
    ['1e999', 'The answer is JSON, but no object.'],
  ])('refuses %j', (text, message) => {
    expect(() => parseObject(text)).toThrow(EtcdResponseError);
    expect(() => parseObject(text)).toThrow(message);
  });

  it('says nothing of the text that it could not read, which may be a value', () => {
    for (const text of ['secret-value', '{"value":"secret-value"', '{"value":secret-value}']) {
      const error = caught(() => parseObject(text));
      expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain('secret');
      expect((error as Error).cause).toMatchObject({ name: 'SyntaxError' });
    }
    // The control: V8's own error does quote it.
    expect(inspect(caught(() => JSON.parse('secret-value')))).toContain('secret');
  });

  it('survives a million brackets', () => {
    expect(() => parseObject('['.repeat(1e6))).toThrow('The answer is not JSON.');
    expect(objectField(parseObject(`{"a":${'{"b":'.repeat(1e6)}1${'}'.repeat(1e6)}}`), 'a')).toBeDefined();
  });

  it('keeps `__proto__` and `constructor` as mere fields', () => {
    const object = parseObject('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}}}');
    expect(Object.keys(object)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.getPrototypeOf(object)).toBe(Object.getPrototypeOf(JSON.parse('{}')));
  });
});

describe('the fields of an answer', () => {
  const wrongTexts = [1, true, null, [], {}];
  const read = (value: unknown) => parseObject(JSON.stringify({ field: value }));

  it('tells an absent text from a wrong one', () => {
    expect(optionalText({}, 'field')).toBeUndefined();
    expect(requiredText(read('x'), 'field')).toBe('x');
    expect(() => requiredText({}, 'field')).toThrow('`field` is not a text');
    for (const wrong of wrongTexts)
      expect(() => optionalText(read(wrong), 'field')).toThrow(EtcdResponseError);
  });

  it('takes null for an empty list, as etcd writes it, and nothing else but lists of texts', () => {
    expect(textList(read(null), 'field')).toEqual([]);
    expect(textList({}, 'field')).toEqual([]);
    expect(textList(read(['a']), 'field')).toEqual(['a']);
    for (const wrong of [1, 'a', {}, [1], ['a', null], [['a']]])
      expect(() => textList(read(wrong), 'field')).toThrow('is not a list of texts');
  });

  it('takes only finite numbers for numbers, and only objects for objects', () => {
    expect(numberField(read(1.5), 'field')).toBe(1.5);
    for (const text of ['1e999', '-1e999', '"1"', 'null', 'true', '[1]'])
      expect(() => numberField(parseObject(`{"field":${text}}`), 'field')).toThrow('is not a number');
    expect(objectField(read({ a: 1 }), 'field')).toEqual({ a: 1 });
    for (const wrong of [1, 'a', [], null, undefined])
      expect(() => objectField(read(wrong), 'field')).toThrow('is not an object');
  });
});
