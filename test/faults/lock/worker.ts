import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';

import { waitFor } from '../../support/wait-for.js';

/**
 * A Node process with one of the `programs` that tells as it goes: each line that it writes is a word and JSON. It can be
 * stopped, continued and killed, and ends when its standard input does.
 */
export class Worker implements Disposable {
  /** What it has told so far. */
  readonly lines: Array<{ readonly word: string; readonly value: unknown }> = [];
  private rest = '';
  private errors = '';
  private readonly ended: Promise<unknown[]>;
  private readonly child: ChildProcessWithoutNullStreams;

  /** @param entry the compiled package's file, beside which its client lies */
  constructor(program: string, entry: string, ...args: string[]) {
    const client = join(dirname(entry), 'client', 'index.js');
    this.child = spawn(process.execPath, [join('test', 'faults', 'programs', program), client, ...args]);
    this.child.stdout.on('data', (chunk: Buffer) => this.hear(chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    // Whoever was killed cannot be told anything.
    this.child.stdin.on('error', () => undefined);
    this.ended = once(this.child, 'close');
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** All that it has told behind `word`. */
  told<T>(word: string): T[] {
    return this.lines.filter((line) => line.word === word).map(({ value }) => value as T);
  }

  /** Resolves to what it tells behind `word` for the `count`th time. */
  async says<T>(word: string, { count = 1, timeout = 20_000 } = {}): Promise<T> {
    const isThere = (): boolean => this.told(word).length >= count || this.child.exitCode !== null;
    await waitFor(isThere, { timeout, interval: 2, what: `'${word}' of a worker` });
    if (this.told(word).length < count) throw new Error(`The worker ended:\n${this.errors}`);
    return this.told<T>(word)[count - 1] as T;
  }

  /** Lets it go on from where it waits. */
  tell(text = ''): void {
    this.child.stdin.write(`${text}\n`);
  }

  stop(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Resolves once it has ended by itself. */
  async end(): Promise<void> {
    const [code] = await this.ended;
    if (code !== 0) throw new Error(`The worker ended with ${String(code)}:\n${this.errors}`);
  }

  [Symbol.dispose](): void {
    this.kill();
  }

  private hear(text: string): void {
    const lines = `${this.rest}${text}`.split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const [word = ''] = line.split(' ', 1);
      this.lines.push({ word, value: JSON.parse(line.slice(word.length)) });
    }
  }
}
