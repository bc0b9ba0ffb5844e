import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { endProcess, spawnEtcd } from '../../scripts/etcd-process.mjs';
import { findEtcd } from '../../scripts/find-etcd.mjs';
import type { EtcdHost } from './etcd-host.js';

/** How much of the server's log is kept to explain a failure, in characters. */
const LOG_LIMIT = 65_536;

/**
 * A real etcd, in a temporary directory of its own. The process dies with this one, whatever happens to it (see
 * `scripts/etcd-process.mjs`), and `scripts/test.mjs` clears the temporary directory after each run.
 */
export class EtcdProcessHost implements EtcdHost {
  readonly directory = mkdtempSync(join(tmpdir(), 'etcd-'));
  isDown = true;
  log = '';
  private process: ChildProcess | undefined;

  constructor(private readonly args: readonly string[]) {}

  get pid(): number | undefined {
    return this.isDown ? undefined : this.process?.pid;
  }

  async launch(): Promise<void> {
    const binary = process.env['ETCD_BIN'] ?? findEtcd();
    const child = spawnEtcd(binary, [`--data-dir=${join(this.directory, 'data')}`, ...this.args]);
    this.process = child;
    this.isDown = false;
    const keep = (chunk: Buffer) => (this.log = `${this.log}${chunk.toString()}`.slice(-LOG_LIMIT));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const gone = () => {
      if (this.process === child) this.isDown = true;
    };
    child.once('close', gone);
    child.once('error', (error) => {
      this.log += String(error);
      gone();
    });
    writeFileSync(join(this.directory, 'etcd.pid'), String(child.pid));
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.isDown || !this.process) return;
    await endProcess(this.process, { signal });
    this.isDown = true;
  }

  /** Stops the process, and returns when no thread of it runs any more: the signal takes a moment to reach them all. */
  pause(): void {
    this.process?.kill('SIGSTOP');
    const deadline = performance.now() + 1_000;
    while (this.hasRunningThread && performance.now() < deadline);
  }

  resume(): void {
    this.process?.kill('SIGCONT');
  }

  clear(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private get hasRunningThread(): boolean {
    const threads = `/proc/${this.process?.pid}/task`;
    if (!existsSync(threads)) return false;
    return readdirSync(threads).some((thread) => isRunning(`${threads}/${thread}/stat`));
  }
}

/** Whether the thread with this file is neither stopped nor at its end. */
function isRunning(file: string): boolean {
  try {
    // Its name stands in parentheses, and may hold some itself; then comes the state.
    return !/\) T[^)]*$/.test(readFileSync(file, 'utf8'));
  } catch {
    return false;
  }
}
