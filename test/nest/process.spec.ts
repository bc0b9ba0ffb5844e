import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { type CompiledPackage, compilePackage } from './compile-package.js';

/** A Node process of its own, with the lines that it has written. */
class Program {
  output = '';
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  private readonly child: ChildProcessWithoutNullStreams;

  constructor(name: string, ...args: string[]) {
    this.child = spawn(process.execPath, [join('test', 'nest', 'programs', name), ...args]);
    const keep = (chunk: Buffer) => (this.output += chunk.toString());
    this.child.stdout.on('data', keep);
    this.child.stderr.on('data', keep);
    this.ended = once(this.child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as string | null,
    }));
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves once it has written `text`; rejects when it has ended without. */
  async says(text: string): Promise<void> {
    await waitFor(() => this.output.includes(text) || !this.isRunning, {
      timeout: 20_000,
      what: `'${text}'`,
    });
    if (!this.output.includes(text)) throw new Error(`The program ended:\n${this.output}`);
  }

  tell(): void {
    this.child.stdin.write('\n');
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

describe('A process with an application', () => {
  let etcd: EtcdMember;
  let compiled: CompiledPackage;
  let program: Program | undefined;

  beforeAll(async () => {
    etcd = await EtcdMember.start({ proxy: true });
    compiled = await compilePackage();
  });

  afterEach(() => {
    program?.kill('SIGKILL');
    etcd.proxy?.blackHole(false);
  });

  afterAll(async () => {
    await etcd.stop();
    compiled[Symbol.dispose]();
  });

  const startPending = async (then: 'close' | 'stay') => {
    program = new Program('pending.mjs', compiled.esm, etcd.url, then);
    await program.says('connected');
    etcd.proxy?.blackHole(true);
    program.tell();
    await program.says('waiting');
    return program;
  };

  it('ends by itself after app.close(), although a request is on its way to a silent etcd', async () => {
    const closing = await startPending('close');
    const start = performance.now();
    expect(await closing.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - start).toBeLessThan(3_000);
    expect(closing.output).toContain('ETCD_CLOSED');
  });

  it('is kept alive by that request without app.close()', async () => {
    const staying = await startPending('stay');
    // Nothing can be waited for: that it still runs is the point.
    await sleep(1_000);
    expect(staying.isRunning).toBe(true);
    expect(staying.output).not.toContain('ETCD_CLOSED');
  });

  it('serves the request in flight from etcd when SIGTERM comes, and ends', async () => {
    program = new Program('signal.mjs', compiled.esm, etcd.url);
    await program.says('http://');
    // Without keep-alive, so that the server ends as soon as it has answered.
    const response = fetch(program.output.trim(), { headers: { connection: 'close' } });
    await program.says('entered');
    program.kill('SIGTERM');
    await program.says('closing');
    program.tell();
    expect(await (await response).json()).toEqual({
      server: expect.stringMatching(/^3\./),
      cluster: expect.any(String),
    });
    expect(await program.ended).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('outlives every failure of a handler of @EtcdWatch, and is kept alive by its watch until app.close()', async () => {
    program = new Program('watch.mjs', compiled.esm, compiled.cjs, etcd.url);
    await program.says('watching');
    const failures = ['throws', 'filtered', 'nothing', 'hostile', 'unreadable'];
    for (const name of [...failures, 'end']) {
      await etcd.request(`/v2/keys/watched/${name}`, { method: 'PUT' });
      await program.says(`/watched/${name}\n`);
    }
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(JSON.parse(program.output.split('\n').at(-2) ?? '')).toEqual([
      'watch.ready /watched',
      ...failures.map((name) => `watch.handler.failed /watched/${name}`),
    ]);
  });

  it('may load the ES module and the CommonJS build, which understand each other', async () => {
    program = new Program('two-copies.mjs', compiled.esm, compiled.cjs);
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(JSON.parse(program.output)).toEqual({
      areTwo: true,
      injectsMain: true,
      injectsAudit: true,
      twice: {
        code: 'ETCD_OPTIONS',
        message: expect.stringContaining('The default connection is made by 2 calls'),
      },
      filterCatches: true,
    });
  });
});
