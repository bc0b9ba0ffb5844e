import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { compilePackage, type CompiledPackage } from '../../nest/compile-package.js';
import { EtcdMember } from '../../support/etcd-member.js';
import { waitFor } from '../../support/wait-for.js';
import { Program } from '../program.js';
import { report, seconds } from '../report.js';

const operations = 10_000;

describe('the end of requests', () => {
  let compiled: CompiledPackage;
  let member: EtcdMember;
  let program: Program | undefined;

  beforeAll(async () => {
    [compiled, member] = await Promise.all([compilePackage(), EtcdMember.start({ proxy: true })]);
  });
  afterEach(() => {
    program?.kill();
    member.proxy?.blackHole(false);
    member.proxy?.delay(0);
  });
  afterAll(async () => {
    compiled[Symbol.dispose]();
    await member.stop();
  });

  const networks: Array<[name: string, set: () => void]> = [
    // Answers that take a while, so that none comes before the client is closed.
    ['healthy', () => member.proxy?.delay(2_000)],
    ['black-holed', () => member.proxy?.blackHole(true)],
  ];
  for (const [name, set] of networks) {
    it(`S1: close() with 200 requests in flight takes at most a second (${name}), and leaves nothing`, async () => {
      program = new Program('close.mjs', compiled.esm, member.url);
      await program.says('connected', 10_000);
      set();
      program.tell();
      const figures = await program.says<Record<string, unknown>>('figures', 20_000);
      const { took, settled, ...rest } = figures as { took: number; settled: number };
      const said = performance.now();
      expect(await program.end()).toBe(0);
      const exit = performance.now() - said;
      report(
        `S1: close() with 200 requests in flight, ${name}: ${took.toFixed(0)} ms, all settled after ` +
          `${settled.toFixed(0)} ms, process ended by itself within ${exit.toFixed(0)} ms`,
      );
      expect(took).toBeLessThanOrEqual(1_000);
      expect(settled).toBeLessThanOrEqual(1_000);
      expect(rest).toEqual({
        codes: { ETCD_CLOSED: 200 },
        late: 'ETCD_CLOSED',
        handles: [],
        unhandled: [],
      });
      member.proxy?.blackHole(false);
      await waitFor(() => member.proxy?.openConnections === 0);
    });
  }

  it('S2: 10,000 operations that are aborted, timed out and closed at random moments all settle', async () => {
    const start = performance.now();
    program = new Program('random-ends.mjs', compiled.esm, member.url, String(operations));
    const stop = new AbortController();
    const trouble = (async () => {
      for (let i = 0; !stop.signal.aborted; i++) {
        await new Promise((resolve) => setTimeout(resolve, 150));
        if (i % 3 === 0) member.proxy?.reset();
        member.proxy?.blackHole(i % 7 === 0);
      }
    })();
    const { codes, ...figures } = await program.says<{ codes: Record<string, number> }>('figures', 120_000);
    stop.abort();
    await trouble;
    member.proxy?.blackHole(false);
    expect(await program.end()).toBe(0);
    report(
      `S2: ${operations} operations in ${seconds(performance.now() - start)}: ${JSON.stringify(figures)}, ` +
        `ends: ${JSON.stringify(codes)}`,
    );
    expect(figures).toEqual({ settled: operations, unhandled: [], listeners: 0, handles: [] });
    // The control: all the ways to end were met, and nothing ended in an error that is not the package's.
    for (const code of ['ok', 'ETCD_ABORTED', 'ETCD_CLOSED', 'ETCD_TIMEOUT', 'ETCD_INDETERMINATE'])
      expect(codes[code]).toBeGreaterThan(0);
    for (const code of Object.keys(codes)) expect(code).toMatch(/^(?:ok|ETCD_[A-Z_]+)$/);
    await waitFor(() => member.proxy?.openConnections === 0);
  });
});
