import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { waitFor } from '../../support/wait-for.js';

/** A run of `npm start`, or of another of the `start:` commands, by what it runs. */
export class Start {
  output = '';
  readonly ended: Promise<unknown[]>;
  private readonly child: ChildProcessWithoutNullStreams;

  /** @param environment `ETCD_HOSTS` is taken from here alone */
  constructor(sample: string, environment: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, ['scripts/start.mjs', sample], {
      env: { ...process.env, ETCD_HOSTS: '', ...environment },
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.ended = once(this.child, 'close');
  }

  /** Resolves to where it listens. */
  url(): Promise<string> {
    return this.says(/listens on (http:\/\/[\d.:]+)/);
  }

  /** Resolves to what the first group of a pattern has found in its output; it may have to build the library first. */
  async says(pattern: RegExp): Promise<string> {
    const find = () => pattern.exec(this.output)?.[1] ?? (this.child.exitCode === null ? undefined : 'ended');
    const found = await waitFor(find, { timeout: 120_000, what: `${String(pattern)} of a sample` });
    if (found === 'ended') throw new Error(`The sample has ended:\n${this.output}`);
    return found;
  }

  interrupt(): void {
    this.child.kill('SIGINT');
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
