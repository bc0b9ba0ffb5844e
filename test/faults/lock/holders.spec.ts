import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { compilePackage, type CompiledPackage } from '../../nest/compile-package.js';
import { EtcdMember } from '../../support/etcd-member.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { waitFor } from '../../support/wait-for.js';
import { report, seconds, tally } from '../report.js';
import { machineTime, overlaps, steps, type Tenure } from './tenure.js';
import { Worker } from './worker.js';

const processes = 4;
/** One after the other. */
const isolations = 4;
const tenuresAtLeast = 200;
const rounds = 3;
/** How soon a process knows, once it runs again, that it does not hold the lock, in milliseconds. */
const allowance = 50;
/** And at the latest, where the machine is so busy that a process that may run does not. */
const busyAllowance = 1_500;

interface Awakening {
  readonly before: boolean;
  readonly isHeld: boolean;
  readonly awake: number;
  readonly told: number;
}

describe('L2: holders of one lock', () => {
  let compiled: CompiledPackage;
  let member: EtcdMember;
  let workers: Worker[] = [];
  const proxies: TcpProxy[] = [];

  beforeAll(async () => {
    [compiled, member] = await Promise.all([compilePackage(), EtcdMember.start()]);
  });
  afterEach(() => {
    for (const worker of workers) worker.kill();
  });
  afterAll(async () => {
    compiled[Symbol.dispose]();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await member.stop();
  });

  it('never overlap, while the network of some is cut off', async () => {
    const started = performance.now();
    for (let i = 0; i < processes; i++) proxies.push(await TcpProxy.start(member.url));
    workers = proxies.map(({ url }) => new Worker('lock-tenures.mjs', compiled.esm, url, '2'));
    const told = (): Tenure[] => workers.flatMap((worker) => worker.told<Tenure>('tenure'));

    for (let isolated = 0; isolated < isolations; isolated++) {
      const i = isolated % processes;
      workers[i]?.tell('long');
      await workers[i]?.says('long', { count: Math.floor(isolated / processes) + 1 });
      proxies[i]?.blackHole(true);
      await sleep(2_500);
      proxies[i]?.blackHole(false);
    }
    await waitFor(() => told().length >= tenuresAtLeast, { timeout: 30_000 });
    for (const worker of workers) worker.tell('end');
    await Promise.all(workers.map((worker) => worker.end()));

    const tenures = told();
    const losses = tenures.flatMap(({ loss }) => loss ?? []);
    const found = overlaps(tenures);
    const late = workers.flatMap((worker) => worker.told('late'));
    report(
      `L2: ${tenures.length} times held by ${processes} processes, ${losses.length} lost (${tally(losses)}): ` +
        `${found.length} overlaps, ${late.length} lost before they were told; ${seconds(performance.now() - started)}`,
    );
    expect(found).toEqual([]);
    expect(steps(tenures)).toEqual([]);
    expect(losses.filter((loss) => loss !== 'expired')).toEqual([]);
    // Control: the cut networks were those of holders.
    expect(losses.length).toBeGreaterThanOrEqual(isolations);
  });

  for (const [way, name] of [
    ['loop', 'whose event loop was blocked'],
    ['stop', 'that was stopped'],
  ] as const) {
    it(`know when they run again that it is lost, in a process ${name} for longer than the TTL`, async () => {
      const worker = new Worker('lock-blocked.mjs', compiled.esm, member.url, way);
      workers = [worker];
      const delays: number[] = [];
      // A process that has stood still before may have lost them before: such a round tells nothing.
      for (let count = 1; delays.length < rounds && count <= 3 * rounds; count++) {
        worker.tell();
        await worker.says('blocked', { count });
        let resumed = 0;
        if (way === 'stop') {
          worker.stop();
          await sleep(1_200);
          resumed = machineTime();
          worker.resume();
        }
        const { before, isHeld, awake, told } = await worker.says<Awakening>('figures', { count });
        expect(isHeld).toBe(false);
        const delay = told - (way === 'stop' ? resumed : awake);
        if (before && delay >= 0) delays.push(delay);
      }
      report(
        `L2: in a process ${name}: isHeld is false at once, the signal is aborted ` +
          `${delays.map((delay) => `${delay.toFixed(1)} ms`).join(', ')} after it runs again`,
      );
      expect(delays).toHaveLength(rounds);
      expect(Math.min(...delays)).toBeLessThanOrEqual(allowance);
      expect(Math.max(...delays)).toBeLessThanOrEqual(busyAllowance);
    });
  }
});
