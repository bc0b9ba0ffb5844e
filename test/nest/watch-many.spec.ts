import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { type EtcdEvent, EtcdWatch } from 'nestjs-etcd';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { Watching } from './watching.js';

/** The heap without what nobody needs any more, in bytes. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describe('Many handlers of @EtcdWatch', () => {
  let etcd: EtcdMember;

  beforeAll(async () => {
    etcd = await EtcdMember.start({ proxy: true });
  });

  afterAll(() => etcd.stop());

  /** A provider with a handler for each of the keys, and how often each has been called. */
  const handlersOf = (keys: readonly string[]) => {
    const called = new Map<string, number>();
    class Many {
      readonly count = keys.length;
    }
    for (const [i, key] of keys.entries()) {
      const value = ({ key: changed }: EtcdEvent) => called.set(changed, (called.get(changed) ?? 0) + 1);
      Object.defineProperty(Many.prototype, `on${i}`, { value });
      EtcdWatch(key)(Many.prototype, `on${i}`, { value });
    }
    Injectable()(Many);
    return { Many, called };
  };

  /** How many watches etcd has open. */
  const watches = async () =>
    (JSON.parse((await etcd.request('/v2/stats/store')).body) as { watchers: number }).watchers;

  it('share the connection of a recursive watch beside them: 1,000 of one directory', async () => {
    const keys = Array.from({ length: 1_000 }, (_, i) => `/many/${i}`);
    const { Many, called } = handlersOf(keys);
    let all = 0;
    @Injectable()
    class Any {
      @EtcdWatch('/many', { recursive: true })
      onAny() {
        all++;
      }
    }
    const before = { heap: heapUsed(), at: performance.now() };
    await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Many, Any] }, 1_001);
    const took = performance.now() - before.at;
    const heap = heapUsed() - before.heap;

    const counts = [await watches()];
    for (const key of keys) await app.etcd.set(key, '1');
    counts.push(await watches());
    await waitFor(() => all === keys.length && called.size === keys.length);
    counts.push(await watches());
    expect([...called.values()].every((times) => times === 1)).toBe(true);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    // There are two for the while in which one takes over from the other.
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    const open = etcd.proxy?.openConnections;

    const closing = performance.now();
    await app.app.close();
    await waitFor(() => etcd.proxy?.openConnections === 0);
    const closed = performance.now() - closing;
    process.stderr.write(
      `1,001 handlers: started in ${Math.round(took)} ms, closed in ${Math.round(closed)} ms, ` +
        `${(heap / 1_048_576).toFixed(1)} MB of heap, ${Math.max(...counts)} watches, ${open} connections in all\n`,
    );
  });

  it('have one each without it', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `/few/${i}`);
    const { Many, called } = handlersOf(keys);
    await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Many] }, 20);
    expect(await watches()).toBeGreaterThanOrEqual(20);
    for (const key of keys) await app.etcd.set(key, '1');
    await waitFor(() => called.size === keys.length);
  });
});
