import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { compilePackage, type CompiledPackage } from '../../nest/compile-package.js';
import { EtcdMember } from '../../support/etcd-member.js';
import { patient } from '../../support/patient.js';
import { report, seconds, tally } from '../report.js';
import { Program } from '../program.js';

const changes = 2_000;
const keys = 40;
const length = 10_000;
/** Of the heap, in MB. */
const allowed = 20;
const fillers = { 'a plain text': 'x', 'a text of wide characters': '€' };

interface Figures {
  /** At most, in MB. */
  readonly growth: { readonly heap: number; readonly buffers: number };
  readonly events: number;
  readonly resyncs: readonly string[];
  /** Keys that the consumer holds otherwise than the store. */
  readonly wrong: readonly string[];
}

describe('W6: a consumer that takes 50 ms for each of 2,000 changes of 10 kB', () => {
  let compiled: CompiledPackage;
  let member: EtcdMember;
  let program: Program | undefined;

  beforeAll(async () => {
    [compiled, member] = await Promise.all([compilePackage(), EtcdMember.start()]);
  });
  afterEach(() => program?.kill());
  afterAll(async () => {
    compiled[Symbol.dispose]();
    await member.stop();
  });

  async function consume(mode: 'watcher' | 'queue', filler: string): Promise<Figures> {
    await using client = new EtcdClient({ hosts: member.url, ...patient });
    await client.delete('/w6', { recursive: true }).catch(() => undefined);
    program = new Program('slow-consumer.mjs', compiled.esm, member.url, mode);
    await program.says('ready', 20_000);
    const started = performance.now();
    for (let i = 0; i < changes; i++)
      await client.set(`/w6/key-${i % keys}`, `${i}${filler}`.padEnd(length, 'x'), {
        noValueOnSuccess: true,
      });
    await client.set('/w6/end', 'end');
    const written = performance.now() - started;
    const figures = await program.says<Figures>('figures', 120_000);
    await program.end();
    report(
      `W6: ${mode}: ${changes} changes of ${length} bytes written in ${seconds(written)}, consumed at 20 a second: heap grew by ` +
        `${figures.growth.heap.toFixed(1)} MB, buffers by ${figures.growth.buffers.toFixed(1)} MB, ${figures.events} events, resyncs: ${tally(figures.resyncs) || 'none'}, ` +
        `${figures.wrong.length} keys wrong at the end`,
    );
    return figures;
  }

  for (const [name, filler] of Object.entries(fillers)) {
    it(`has a heap that grows by less than 20 MB, and the right picture at the end: ${name}`, async () => {
      const figures = await consume('watcher', filler);
      expect(figures.growth.heap).toBeLessThan(allowed);
      expect(figures.wrong).toEqual([]);
      // What was dropped was replaced, and for no other reason.
      expect(new Set(figures.resyncs)).toEqual(new Set(['overflow']));
    });
  }

  it('control: has a heap that grows beyond that with a list of what has come', async () => {
    expect((await consume('queue', 'x')).growth.heap).toBeGreaterThan(allowed);
  });
});
