import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { compilePackage, type CompiledPackage } from '../../nest/compile-package.js';
import { EtcdMember } from '../../support/etcd-member.js';
import { patient } from '../../support/patient.js';
import { report, seconds, tally } from '../report.js';
import { countDoubled, IndexLedger } from './index-ledger.js';
import { type Told } from './told.js';
import { Program } from '../program.js';

const freezes = 5;
/** More than the history holds, and long enough that the kernel's buffers do not: etcd drops the watch. */
const changes = 2_000;
const value = 'x'.repeat(4_000);

interface Figures extends Omit<Told, 'name'> {
  readonly wrong: readonly string[];
  /** How many events a naive stream of the same process has heard. */
  readonly naive: number;
}

describe('W1: a process that is stopped while more happens than the history holds', () => {
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

  it('is told each change once and in order, or a resync that is true', async () => {
    const started = performance.now();
    program = new Program('frozen.mjs', compiled.esm, member.url);
    const pid = await program.says<number>('ready', 20_000);
    await using client = new EtcdClient({ hosts: member.url, ...patient });
    const ledger = new IndexLedger();
    const write = async (from: number, count: number) => {
      for (let i = from; i < from + count; i++) {
        const { action, node } = await client.set(`/frozen/key-${i % 10}`, `${i}${value}`);
        const { key, modifiedIndex: index } = node;
        ledger.changes.set(index, { index, action, key, value: undefined });
      }
    };
    for (let freeze = 0; freeze < freezes; freeze++) {
      process.kill(pid, 'SIGSTOP');
      try {
        await write(0, changes);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      // It is heard again while it is still behind.
      await write(changes, 200);
    }
    const end = await client.set('/frozen/end', 'end');
    const { wrong, naive, ...told } = await program.says<Figures>('figures', 30_000);
    await program.end();

    const missing = ledger.missing({ name: 'process', ...told }, end.node.modifiedIndex);
    const indexes = told.changes.map(({ index }) => index);
    report(
      `W1: a process that is stopped ${freezes} times over ${changes} changes of 4 kB: ${told.changes.length} events, ` +
        `${missing.length} missing, resyncs: ${tally(told.resyncs.map(({ reason }) => reason))}, ${wrong.length} keys ` +
        `wrong; a naive stream in it heard ${naive} of ${ledger.changes.size}; ${seconds(performance.now() - started)}`,
    );
    expect(missing.map(({ index }) => index)).toEqual([]);
    expect(countDoubled({ name: 'process', ...told })).toBe(0);
    expect(indexes).toEqual([...indexes].sort((a, b) => a - b));
    expect(wrong).toEqual([]);
    expect(told.resyncs.length).toBeGreaterThan(0);
    // Control: etcd has dropped its stream, and it waits for ever.
    expect(naive).toBeLessThan(ledger.changes.size / 2);
  });
});
