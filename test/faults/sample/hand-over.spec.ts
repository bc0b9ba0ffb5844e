import { afterEach, describe, expect, it } from '@jest/globals';

import { waitFor } from '../../support/wait-for.js';
import { report, seconds } from '../report.js';
import { Start } from './start.js';

interface Jobs {
  readonly isHere: boolean;
  readonly leader?: { readonly term: number };
}

describe('npm run start:quickstart, twice', () => {
  const starts: Start[] = [];
  afterEach(() => {
    for (const start of starts) start.kill();
  });

  it('shows the hand-over of the job from the one that ends to the other', async () => {
    const start = (): Start => {
      const started = new Start('quickstart');
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
