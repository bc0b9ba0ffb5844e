import { getEventListeners } from 'node:events';

import { describe, expect, it } from '@jest/globals';

import { Call } from './call.js';
import { Turns } from './turns.js';

const call = (timeout = 10_000, signal?: AbortSignal) => new Call(timeout, signal);

describe('Turns', () => {
  it('are as many as there are, and are given on in order', async () => {
    const turns = new Turns(2);
    expect([turns.take(), turns.take(), turns.take()]).toEqual([true, true, false]);
    const order: number[] = [];
    const waiting = [1, 2, 3].map((n) => turns.wait(call()).then((turn) => turn && order.push(n)));
    for (let i = 0; i < 3; i++) turns.give();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    expect(turns.take()).toBe(false);
    turns.give();
    expect(turns.take()).toBe(true);
  });

  it('are not taken by a call that has ended while it waited', async () => {
    const turns = new Turns(1);
    turns.take();
    const controller = new AbortController();
    const aborted = turns.wait(call(10_000, controller.signal));
    const late = turns.wait(call(10));
    const next = turns.wait(call());
    controller.abort();
    expect([await aborted, await late]).toEqual([false, false]);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    turns.give();
    expect(await next).toBe(true);
  });

  it('send away all who wait, who then take none', async () => {
    const turns = new Turns(1);
    turns.take();
    const waiting = [turns.wait(call()), turns.wait(call())];
    turns.sendAway();
    expect(await Promise.all(waiting)).toEqual([false, false]);
    turns.give();
    expect([turns.take(), turns.take()]).toEqual([true, false]);
  });
});
