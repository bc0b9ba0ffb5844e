import { describe, expect, it } from '@jest/globals';

import { base64, json } from './codecs.js';
import { checkSchema } from './schema.js';

describe('base64', () => {
  it('encodes a view of a larger buffer as what it shows', () => {
    const view = new Uint8Array([0, 255, 128, 7]).subarray(1, 3);
    expect(base64.encode(view)).toBe('/4A=');
    expect([...base64.decode('/4A=')]).toEqual([255, 128]);
  });

  it.each(['a', 'ab', 'abc', 'ab=c', '====', 'ab==\n', 'Ö===', '_-=='])('refuses %j', (text) => {
    expect(() => base64.decode(text)).toThrow('it is no base64');
  });
});

describe('json', () => {
  it.each([undefined, () => 1, Symbol('s')])('refuses %p, which has no JSON', (value) => {
    expect(() => json.encode(value)).toThrow(/has no JSON/);
  });
});

describe('checkSchema', () => {
  const schema = (result: object) => ({
    '~standard': { version: 1, vendor: 'test', validate: () => result as { value: number } },
  }) as const; // prettier-ignore

  it('gives what the schema makes of the value', async () => {
    expect(await checkSchema('/k', schema({ value: 7 }), '7')).toBe(7);
  });

  it('lists the places of all issues, and none of its words, which may repeat the value', async () => {
    const issues = [
      { message: 'no number', path: ['a', { key: 0 }] },
      { message: 'too short', path: [] },
      { message: 'unknown' },
    ];
    await expect(checkSchema('/k', schema({ issues }), {})).rejects.toMatchObject({
      key: '/k',
      message: 'The value of /k cannot be decoded: its schema refuses it at a.0',
    });
  });
});
