import { describe, expect, it } from '@jest/globals';

import {
  EtcdConnectionError,
  EtcdIndeterminateError,
  EtcdRaftError,
  EtcdResponseError,
  EtcdTimeoutError,
} from '../errors/index.js';
import type { EtcdRequest } from '../http/request.js';
import { Trail } from './trail.js';

const read: EtcdRequest = { method: 'GET', path: '/v2/keys/a?recursive=true', read: true };
const write: EtcdRequest = { method: 'PUT', path: '/v2/keys/a', body: 'value=secret', read: false };

describe('Trail', () => {
  it('ends in a connection error when nothing was ever sent', () => {
    const trail = new Trail(write);
    trail.note('http://a', 'ECONNREFUSED', false, undefined);
    trail.note('http://b', 'ECONNREFUSED', false, undefined);
    const error = trail.exhausted(500);
    expect(error).toBeInstanceOf(EtcdConnectionError);
    expect(error.attempts).toEqual([
      { endpoint: 'http://a', outcome: 'ECONNREFUSED' },
      { endpoint: 'http://b', outcome: 'ECONNREFUSED' },
    ]);
    expect(error.message).toContain('PUT /v2/keys/a');
    expect(error.message).toContain('within 500 ms');
    expect(error.message).not.toContain('secret');
  });

  it('ends in a timeout error when a member was asked and did not answer', () => {
    const trail = new Trail(read);
    trail.note('http://a', 'no answer within 100 ms', true, undefined);
    expect(trail.exhausted(500)).toBeInstanceOf(EtcdTimeoutError);
    expect(trail.exhausted(500).message).not.toContain('recursive');
  });

  it('ends in what a member has said, which explains more than the try that the deadline cut short', () => {
    const trail = new Trail(read);
    const told = new EtcdRaftError('no quorum');
    trail.note('http://a', 'HTTP 500', true, told);
    trail.note('http://a', 'no answer within 100 ms', true, undefined);
    const error = trail.exhausted(500);
    expect(error).toBe(told);
    expect(error.attempts).toHaveLength(2);
  });

  it('ends in doubt once a try may have been applied, whatever came after it', () => {
    const trail = new Trail(write);
    trail.ambiguous = true;
    trail.note('http://a', 'ECONNREFUSED', false, undefined);
    expect(trail.exhausted(500)).toBeInstanceOf(EtcdIndeterminateError);
    expect(trail.exhausted(500).mayHaveBeenApplied).toBe(true);
  });

  it('keeps the first try and the latest ones of very many', () => {
    const trail = new Trail(read);
    for (let i = 0; i < 100; i++) trail.note('http://a', String(i), true, undefined);
    const outcomes = trail.exhausted().attempts.map(({ outcome }) => outcome);
    expect(outcomes).toHaveLength(32);
    expect(outcomes.slice(0, 2)).toEqual(['0', '69']);
    expect(outcomes.at(-1)).toBe('99');
  });

  it('pauses after each walk, longer each time, never beyond a second, and never the same for all callers', () => {
    const trail = new Trail(read);
    const bounds = [50, 100, 200, 400, 800, 1_000, 1_000];
    for (const bound of bounds) {
      const pause = trail.endWalk();
      expect(pause).toBeGreaterThanOrEqual(bound / 2);
      expect(pause).toBeLessThanOrEqual(bound);
    }
    expect(new Set(Array.from({ length: 20 }, () => new Trail(read).endWalk())).size).toBeGreaterThan(10);
  });

  it('ends after one walk when the members answer what etcd does not', () => {
    const trail = new Trail(read);
    trail.note('http://a', 'no JSON', true, new EtcdResponseError('no JSON'));
    expect(() => trail.endWalk()).toThrow(EtcdResponseError);
  });

  it('goes on when one of them was not reached, which may do better', () => {
    const trail = new Trail(read);
    trail.note('http://a', 'ECONNREFUSED', false, undefined);
    trail.note('http://b', 'no JSON', true, new EtcdResponseError('no JSON'));
    expect(trail.endWalk()).toBeGreaterThan(0);
  });
});
