import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

import { afterEach, describe, expect, it } from '@jest/globals';

import { waitFor } from '../../support/wait-for.js';
import { report, seconds } from '../report.js';

/** One `npm start`, by what it runs. */
class Start {
  output = '';
  readonly ended: Promise<unknown[]>;
  private readonly child: ChildProcessWithoutNullStreams;

  constructor() {
    this.child = spawn(process.execPath, ['scripts/start.mjs'], { env: { ...process.env, ETCD_HOSTS: '' } });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.ended = once(this.child, 'close');
  }

  /** Resolves to where it listens. */
  async url(): Promise<string> {
    const url = () => /listens on (http:\S+)/.exec(this.output)?.[1];
    return waitFor(url, { timeout: 120_000, what: 'the sample' });
  }

  interrupt(): void {
    this.child.kill('SIGINT');
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

interface Jobs {
  readonly isHere: boolean;
  readonly leader?: { readonly term: number };
}

describe('npm start, twice', () => {
  const starts: Start[] = [];
  afterEach(() => {
    for (const start of starts) start.kill();
  });

  it('shows the hand-over of the job from the one that ends to the other', async () => {
    const start = (): Start => {
      const started = new Start();
      starts.push(started);
      return started;
    };
    const jobsOf = async (url: string): Promise<Jobs> => (await (await fetch(`${url}/jobs`)).json()) as Jobs;
    const first = start();
    const url = await first.url();
    await waitFor(async () => (await jobsOf(url)).isHere);
    const before = await jobsOf(url);
    const second = start();
    const other = await second.url();
    expect(second.output).toContain('Joins the etcd of another');
    expect((await jobsOf(other)).isHere).toBe(false);
    await waitFor(async () => ((await (await fetch(`${other}/instances`)).json()) as unknown[]).length === 2);

    const interrupted = performance.now();
    first.interrupt();
    await waitFor(async () => (await jobsOf(other)).isHere, { interval: 10 });
    report(`Sample: the job is taken over ${seconds(performance.now() - interrupted)} after the interrupt`);
    expect((await jobsOf(other)).leader?.term).toBeGreaterThan(before.leader?.term ?? Infinity);
    // Its etcd stays for the second one, and ends with that.
    await waitFor(() => first.output.includes('Its etcd stays'));
    second.interrupt();
    await Promise.all([first.ended, second.ended]);
  });
});
