import { describe, expect, it } from '@jest/globals';

import { settled } from '../../../test/lock/virtual-clock.js';
import { VirtualWorld } from '../../../test/lock/virtual-world.js';
import { Attempt } from './attempt.js';

const never = new Promise<string>(() => undefined);
const caught = (failing: Promise<unknown>) =>
  failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe('Attempt', () => {
  it('gives what the work gives, or fails as it does', async () => {
    const attempt = new Attempt(new VirtualWorld().context, undefined);
    const late: string[] = [];
    const onLate = (value: string) => void late.push(value);
    expect(await attempt.race(Promise.resolve('done'), onLate)).toBe('done');
    const error = new Error('work');
    expect(await caught(attempt.race(Promise.reject<string>(error), onLate))).toBe(error);
    expect(late).toEqual([]);
  });

  it('fails with its error when the time has passed, and not before', async () => {
    const { clock, context } = new VirtualWorld();
    const error = new Error('too late');
    const attempt = new Attempt(context, undefined, { milliseconds: 300, error: () => error });
    attempt.hasEntered = true;
    const failing = caught(attempt.race(never, () => undefined));
    await clock.pass(299);
    expect(attempt.signal.aborted).toBe(false);
    await clock.pass(1);
    expect(await failing).toBe(error);
  });

  it('says that etcd has not answered when there was no entry in time', async () => {
    const { clock, context } = new VirtualWorld();
    const attempt = new Attempt(context, undefined, {
      milliseconds: 300,
      error: () => new Error('too late'),
    });
    const failing = caught(attempt.race(never, () => undefined));
    await clock.pass(300);
    expect(await failing).toMatchObject({ code: 'ETCD_TIMEOUT' });
  });

  it('fails with the reason of the caller as the cause, also when that came before', async () => {
    const ending = new AbortController();
    const attempt = new Attempt(new VirtualWorld().context, ending.signal);
    const failing = caught(attempt.race(never, () => undefined));
    ending.abort('enough');
    const aborted = { name: 'AbortError', code: 'ETCD_ABORTED', cause: 'enough' };
    expect(await failing).toMatchObject(aborted);
    const later = new Attempt(new VirtualWorld().context, ending.signal);
    expect(await caught(later.race(never, () => undefined))).toMatchObject(aborted);
  });

  it('fails when the client closes', async () => {
    const world = new VirtualWorld();
    const attempt = new Attempt(world.context, undefined);
    const failing = caught(attempt.race(never, () => undefined));
    await world.close();
    expect(await failing).toMatchObject({ code: 'ETCD_CLOSED' });
  });

  it('hands what comes after its end to who cleans up', async () => {
    const ending = new AbortController();
    const attempt = new Attempt(new VirtualWorld().context, ending.signal);
    const late: string[] = [];
    let finish: (value: string) => void = () => undefined;
    const work = new Promise<string>((resolve) => (finish = resolve));
    const failing = caught(attempt.race(work, (value) => void late.push(value)));
    ending.abort();
    await failing;
    finish('got it');
    await settled();
    expect(late).toEqual(['got it']);
  });

  it('leaves nothing once its work is done', async () => {
    const { clock, held, context } = new VirtualWorld();
    const ending = new AbortController();
    const wait = { milliseconds: 300, error: () => new Error('too late') };
    const attempt = new Attempt(context, ending.signal, wait);
    expect([clock.pending, held.size]).toEqual([1, 1]);
    await expect(attempt.run(async () => 'done')).resolves.toBe('done');
    ending.abort();
    expect([clock.pending, held.size, attempt.signal.aborted]).toEqual([0, 0, false]);
  });

  it('does not begin when it was aborted before', async () => {
    const attempt = new Attempt(new VirtualWorld().context, AbortSignal.abort());
    let hasBegun = false;
    await expect(attempt.run(async () => (hasBegun = true))).rejects.toMatchObject({ code: 'ETCD_ABORTED' });
    expect(hasBegun).toBe(false);
  });
});
