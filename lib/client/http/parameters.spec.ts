import { describe, expect, it } from '@jest/globals';

import { EtcdOptionsError } from '../errors/index.js';
import { encodeParameters, withQuery } from './parameters.js';

describe('encodeParameters', () => {
  it('leaves out what has no value, and keeps what is empty, zero or false', () => {
    expect(encodeParameters({ value: '', ttl: 0, dir: false, prevExist: undefined })).toBe(
      'value=&ttl=0&dir=false',
    );
    expect(encodeParameters({})).toBe('');
  });

  it.each(['a b', 'a+b', '&x=1', 'a=b;c', '%20', '\0\r\n', 'ü😀', '"\\<>', '#?/'])(
    'brings %j through a form without loss',
    (value) => {
      const form = encodeParameters({ value, ttl: 5 });
      expect([...new URLSearchParams(form)]).toEqual([
        ['value', value],
        ['ttl', '5'],
      ]);
      // etcd refuses a raw semicolon anywhere in a form.
      expect(form).not.toContain(';');
    },
  );

  it('refuses half a surrogate pair by the name of its parameter, without its text', () => {
    const encode = () => encodeParameters({ prevValue: 'secret\ud800' });
    expect(encode).toThrow(EtcdOptionsError);
    expect(encode).toThrow(/^`prevValue`: it holds half a surrogate pair/);
    expect(encode).not.toThrow(/secret/);
  });
});

describe('withQuery', () => {
  it('adds a query only where there are parameters', () => {
    expect(withQuery('/v2/keys/a', { recursive: true, sorted: undefined })).toBe('/v2/keys/a?recursive=true');
    expect(withQuery('/v2/keys/a', {})).toBe('/v2/keys/a');
  });
});
