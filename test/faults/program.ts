import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';

import { waitFor } from '../support/wait-for.js';

/** A Node process of its own with one of the `programs`: its handles, its CPU time and its end are the client's alone. */
export class Program {
  private output = '';
  private readonly ended: Promise<unknown[]>;
  private readonly child: ChildProcessWithoutNullStreams;

  /** @param entry the compiled package's file, beside which its client lies */
  constructor(name: string, entry: string, ...args: string[]) {
    const client = join(dirname(entry), 'client', 'index.js');
    this.child = spawn(process.execPath, [join('test', 'faults', 'programs', name), client, ...args]);
    const keep = (chunk: Buffer) => (this.output += chunk.toString());
    this.child.stdout.on('data', keep);
    this.child.stderr.on('data', keep);
    this.ended = once(this.child, 'close');
  }

  /** Resolves to what it has written behind `word`, as JSON. */
  async says<T>(word: string, timeout: number): Promise<T> {
    const line = await waitFor(
      () => {
        const found = this.output.split('\n').find((text) => text.startsWith(`${word} `));
        if (found === undefined && this.child.exitCode !== null) return 'ended';
        return found;
      },
      { timeout, what: `'${word}' of a program` },
    );
    if (line === 'ended') throw new Error(`The program ended:\n${this.output}`);
    return JSON.parse(line.slice(word.length)) as T;
  }

  /** Lets it go on from where it waits. */
  tell(): void {
    this.child.stdin.write('\n');
  }

  /** Resolves to its exit code once it has ended by itself. */
  async end(): Promise<unknown> {
    const [code] = await this.ended;
    if (code !== 0) throw new Error(`The program ended with ${String(code)}:\n${this.output}`);
    return code;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
