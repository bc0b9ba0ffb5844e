import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { compilePackage, type CompiledPackage } from '../../nest/compile-package.js';
import { EtcdMember } from '../../support/etcd-member.js';
import { patient } from '../../support/patient.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds, tally } from '../report.js';
import { Program } from '../program.js';

const races = 1_000;
const naiveRaces = 100;

interface Figures {
  readonly told: number;
  /** What was told after the end of its watch. */
  readonly late: number;
  readonly ends: Record<string, number>;
  readonly handles: readonly string[];
  readonly unhandled: readonly string[];
}

describe('the end of watches', () => {
  let compiled: CompiledPackage;
  let member: EtcdMember;
  let program: Program | undefined;

  beforeAll(async () => {
    [compiled, member] = await Promise.all([compilePackage(), EtcdMember.start({ proxy: true })]);
  });
  afterEach(() => {
    program?.kill();
    member.proxy?.blackHole(false);
  });
  afterAll(async () => {
    compiled[Symbol.dispose]();
    await member.stop();
  });

  /** How many watches etcd itself believes to be open. */
  async function openWatches(): Promise<number> {
    const { body } = await member.request('/v2/stats/store');
    return (JSON.parse(body) as { watchers: number }).watchers;
  }

  /** Lets watches be opened and closed while their keys change. Gives what came of it, and what etcd still had open. */
  async function race(mode: 'watcher' | 'naive', count: number): Promise<Figures & { left: number }> {
    const started = performance.now();
    program = new Program('races.mjs', compiled.esm, member.url, mode, String(count));
    await using writer = new EtcdClient({ hosts: member.directUrl, sync: false, ...patient });
    const stop = new AbortController();
    const writing = (async () => {
      for (let i = 0; !stop.signal.aborted; i++) await writer.set(`/w7/${i % 10}`, String(i));
    })();
    await program.says('raced', 60_000).finally(() => stop.abort());
    await writing;
    // With the next event etcd sees that nobody listens any more.
    for (let i = 0; i < 10; i++) await writer.set(`/w7/${i}`, 'end');
    const left = await waitFor(async () => (await openWatches()) === 0, { timeout: 1_000 }).then(
      () => 0,
      openWatches,
    );
    program.tell();
    const figures = await program.says<Figures>('figures', 10_000);
    report(
      `W7: ${mode}: ${count} races in ${seconds(performance.now() - started)}: ${figures.told} events, ${figures.late} ` +
        `after the end, ${left} watches left open, handles left: ${tally(figures.handles) || 'none'}; ` +
        JSON.stringify(figures.ends),
    );
    return { ...figures, left };
  }

  it('W7: 1,000 watches that are closed at random moments tell nothing afterwards, and leave no socket', async () => {
    const { told, left, late, handles, unhandled, ends } = await race('watcher', races);
    expect({ left, late, handles, unhandled }).toEqual({ left: 0, late: 0, handles: [], unhandled: [] });
    expect(told).toBeGreaterThan(races / 2);
    expect(ends['ETCD_ABORTED']).toBe(ends['signal']);
    expect(await program?.end()).toBe(0);
    await waitFor(() => member.proxy?.openConnections === 0);
  });

  it('W7, control: a naive watcher tells events after its end, and leaves its sockets', async () => {
    const { left, late, handles } = await race('naive', naiveRaces);
    expect(late).toBeGreaterThan(0);
    expect(left).toBe(naiveRaces);
    expect(handles.length).toBeGreaterThanOrEqual(naiveRaces);
  });

  for (const network of ['healthy', 'black-holed']) {
    it(`S1: close() with 100 watches takes at most a second (${network}), and leaves nothing`, async () => {
      program = new Program('close-watches.mjs', compiled.esm, member.url);
      await program.says('connected', 10_000);
      member.proxy?.blackHole(network === 'black-holed');
      program.tell();
      const { took, settled, ...rest } = await program.says<Record<string, number>>('figures', 20_000);
      const said = performance.now();
      expect(await program.end()).toBe(0);
      report(
        `S1: close() with 100 watches, ${network}: ${took?.toFixed(0)} ms, all ended after ${settled?.toFixed(0)} ms, ` +
          `process ended by itself within ${(performance.now() - said).toFixed(0)} ms`,
      );
      expect(took).toBeLessThanOrEqual(1_000);
      expect(settled).toBeLessThanOrEqual(1_000);
      expect(rest).toEqual({ ends: { close: 25, done: 75 }, late: 0, handles: [], unhandled: [] });
      member.proxy?.blackHole(false);
      await waitFor(() => member.proxy?.openConnections === 0);
    });
  }
});
