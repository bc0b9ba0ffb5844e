import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { compilePackage, type CompiledPackage } from '../../nest/compile-package.js';
import { EtcdCluster } from '../../support/etcd-cluster.js';
import { EtcdMember } from '../../support/etcd-member.js';
import { type TcpProxy } from '../../support/tcp-proxy.js';
import { rawRequest } from '../../support/raw-request.js';
import { Program } from '../program.js';
import { report, seconds } from '../report.js';

const duration = 30_000;

/** What a program says of its dead time. */
interface Figures {
  /** Share of one core. */
  cpu: number;
  codes: Record<string, number>;
}

describe('C8: 50 callers of a dead cluster', () => {
  let compiled: CompiledPackage;
  let program: Program | undefined;

  beforeAll(async () => {
    compiled = await compilePackage();
  });
  afterEach(() => program?.kill());
  afterAll(() => compiled[Symbol.dispose]());

  /** Runs the callers for their time, reports what they did, and gives what of it breaks the promise. */
  async function measure(
    name: string,
    proxies: TcpProxy[],
    heal: () => Promise<void> | void,
  ): Promise<string[]> {
    const before = proxies.map(({ connections }) => connections);
    program = new Program(
      'dead-cluster.mjs',
      compiled.esm,
      proxies.map(({ url }) => url).join(','),
      String(duration),
    );
    const { cpu, codes } = await program.says<Figures>('figures', duration + 20_000);
    const connections = proxies.map((proxy, i) => proxy.connections - (before[i] ?? 0));
    await heal();
    const healed = Date.now();
    const recovery = Math.max(0, (await program.says<number>('back', 10_000)) - healed);
    report(
      `C8: ${name} for ${seconds(duration)}, 50 callers: ${connections.join(', ')} connections to its members, ` +
        `CPU ${(cpu * 100).toFixed(1)} % of a core, ${Object.values(codes).reduce((a, b) => a + b)} failed calls, ` +
        `first success ${seconds(recovery)} after the return`,
    );
    await program.end();
    return [
      ...connections
        // It was tried all the time, and at most once a second.
        .filter((count) => count <= 5 || count > duration / 1_000 + 2)
        .map((count) => `${count} connections`),
      ...(cpu < 0.1 ? [] : [`CPU ${cpu}`]),
      ...(recovery <= 3_500 ? [] : [`recovery ${recovery} ms`]),
      ...Object.keys(codes).filter((code) => !code.startsWith('ETCD_')),
    ];
  }

  it('are held back when its three members are killed, and go on soon after they are back', async () => {
    await using cluster = await EtcdCluster.start(3, { proxy: true });
    await Promise.all(cluster.members.map((member) => member.kill()));
    // The proxies accept each connection and close it at once: as many are counted as are tried.
    const proxies = cluster.members.flatMap(({ proxy }) => proxy ?? []);
    const broken = await measure('three dead members', proxies, async () => {
      await Promise.all(cluster.members.map((member) => member.restart()));
    });
    expect(broken).toEqual([]);
  });

  it('are held back when its only member is behind a black hole, and go on soon after it is back', async () => {
    await using member = await EtcdMember.start({ proxy: true });
    const proxy = member.proxy as TcpProxy;
    proxy.blackHole(true);
    const broken = await measure('one black-holed member', [proxy], () => proxy.blackHole(false));
    expect(broken).toEqual([]);
  });

  it('control: callers that try again at once make hundreds of connections within seconds', async () => {
    await using member = await EtcdMember.start({ proxy: true });
    await member.kill();
    const proxy = member.proxy as TcpProxy;
    const start = performance.now();
    const took = () => performance.now() - start;
    const callers = Array.from({ length: 50 }, async () => {
      while (proxy.connections <= 200 && took() < 10_000)
        await rawRequest(`${member.url}/v2/keys/key`).catch(() => undefined);
    });
    await Promise.all(callers);
    report(`C8: control, no rest: ${proxy.connections} connections in ${seconds(took())}`);
    // Those that rest make no more than 12 in the 10 s.
    expect(proxy.connections).toBeGreaterThan(200);
  });
});
