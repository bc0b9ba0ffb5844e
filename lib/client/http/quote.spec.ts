import { describe, expect, it } from '@jest/globals';

import { quote } from './quote.js';
import type { EtcdRequest } from './request.js';

const get: EtcdRequest = { method: 'GET', path: '/v2/keys/a', read: true };
const put = (body: string): EtcdRequest => ({ method: 'PUT', path: '/v2/keys/a', body, read: false });

describe('quote', () => {
  it('shortens a text and shows control characters instead of obeying them', () => {
    expect(quote('  Key not found\n', get)).toBe('Key not found');
    expect(quote('a\nERROR forged\u001b[31m\u2028\ud800', get)).toBe(
      'a\\u000aERROR forged\\u001b[31m\\u2028\\ud800',
    );
    expect(quote('x'.repeat(1_000), get)).toHaveLength(200);
  });

  it.each([undefined, null, 7, {}, '', ' \n'])('has nothing to say of %j', (text) => {
    expect(quote(text, get)).toBeUndefined();
  });

  it('shows nothing of a text that repeats a value, as it was sent or as it is meant', () => {
    const request = put('value=s%C3%A9cret%20words&prevValue=old-words&ttl=5');
    expect(quote('bad request: value=s%C3%A9cret%20words', request)).toBeUndefined();
    expect(quote('cannot take "sécret words"', request)).toBeUndefined();
    expect(quote('it was old-words', request)).toBeUndefined();
    expect(quote('a TTL of 5 is wrong', request)).toBe('a TTL of 5 is wrong');
  });

  it('knows the beginning of a long value again, where the answer cuts it short', () => {
    const value = 'abcdefghijklmnopqrstuvwxyz'.repeat(1_000);
    expect(quote(`received: ${value.slice(0, 20)}…`, put(`value=${value}`))).toBeUndefined();
  });

  it('knows what a value is compared with in a query, and a password in JSON', () => {
    const remove: EtcdRequest = { method: 'DELETE', path: '/v2/keys/a?prevValue=hush%21', read: false };
    expect(quote('not hush!', remove)).toBeUndefined();
    expect(quote('why hunter2', put('{"user":"u","password":"hunter2"}'))).toBeUndefined();
    expect(quote('auth: User u already exists.', put('{"user":"u","password":"hunter2"}'))).toBe(
      'auth: User u already exists.',
    );
  });

  it('shows nothing of repeated credentials', () => {
    expect(quote('you sent Authorization: Basic dTpw', get)).toBeUndefined();
  });

  it('does not take a text of a few characters for a secret', () => {
    expect(quote('Key not found', put('value=a&prevValue=not'))).toBe('Key not found');
  });
});
