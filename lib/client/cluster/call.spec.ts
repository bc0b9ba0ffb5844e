import { getEventListeners } from 'node:events';

import { describe, expect, it } from '@jest/globals';

import { EtcdAbortedError } from '../errors/index.js';
import { Call } from './call.js';

const never = new Promise<void>(() => undefined);
const open = () => new AbortController();

describe('Call', () => {
  it('waits for work, and tells whether it has ended, well or not', async () => {
    const call = new Call(1_000, undefined);
    expect(await call.wait(Promise.resolve(1), open().signal)).toBe(true);
    expect(await call.wait(Promise.reject(new Error('no')), open().signal)).toBe(true);
  });

  it('stops waiting at its deadline, and is over then', async () => {
    for (let i = 0; i < 20; i++) {
      const call = new Call(5 + Math.random(), undefined);
      expect(await call.wait(never, open().signal)).toBe(false);
      expect(call.remaining()).toBeLessThanOrEqual(0);
    }
  });

  it('stops waiting when it is aborted or the client closes, and leaves no listener', async () => {
    for (const which of ['own', 'closing'] as const) {
      const own = open();
      const closing = open();
      const waiting = new Call(10_000, own.signal).wait(never, closing.signal);
      (which === 'own' ? own : closing).abort();
      expect(await waiting).toBe(false);
      expect(getEventListeners(own.signal, 'abort')).toEqual([]);
      expect(getEventListeners(closing.signal, 'abort')).toEqual([]);
    }
  });

  it('does not begin to wait when it is aborted already', async () => {
    expect(await new Call(10_000, AbortSignal.abort()).wait(never, open().signal)).toBe(false);
    expect(await new Call(10_000, undefined).wait(never, AbortSignal.abort())).toBe(false);
  });

  it('tells the reason of its signal, and whether something may have been applied', () => {
    const reason = new Error('enough');
    const call = new Call(1_000, AbortSignal.abort(reason));
    const thrown = (mayHaveBeenApplied?: boolean) => {
      try {
        call.throwIfAborted({ mayHaveBeenApplied });
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(thrown()).toBeInstanceOf(EtcdAbortedError);
    expect(thrown()).toMatchObject({ cause: reason, mayHaveBeenApplied: false });
    expect(thrown(true)).toMatchObject({ mayHaveBeenApplied: true });
    new Call(1_000, open().signal).throwIfAborted();
  });

  it('can be shortened, but not made longer', () => {
    const call = new Call(1_000, undefined);
    expect(call.within(100).remaining()).toBeLessThanOrEqual(100);
    expect(call.within(5_000).remaining()).toBeLessThanOrEqual(1_000);
  });
});
