import { EtcdMember } from './etcd-member.js';
import { type EtcdMemberOptions } from './etcd-options.js';
import { freePort, waitFor } from './wait-for.js';

/** What every member is started with. */
export type EtcdClusterOptions = Pick<EtcdMemberOptions, 'tls' | 'electionTimeout' | 'args' | 'proxy'>;

/** Several real etcd members that form one cluster: `m0`, `m1`, … */
export class EtcdCluster implements AsyncDisposable {
  private constructor(readonly members: readonly EtcdMember[]) {}

  /** Starts the members together and resolves once each of them serves. */
  static async start(size = 3, options: EtcdClusterOptions = {}): Promise<EtcdCluster> {
    const places: { readonly name: string; readonly peerPort: number }[] = [];
    for (let i = 0; i < size; i++) places.push({ name: `m${i}`, peerPort: await freePort() });
    const initialCluster = places
      .map(({ name, peerPort }) => `${name}=http://127.0.0.1:${peerPort}`)
      .join(',');
    const seats = places.map((place) => Object.assign(place, options, { initialCluster }));
    return new EtcdCluster(await EtcdMember.startAll(seats));
  }

  /** The advertised client addresses, in the order of the members. */
  get urls(): string[] {
    return this.members.map((member) => member.url);
  }

  /** The members whose process runs and is not paused. */
  get live(): EtcdMember[] {
    return this.members.filter((member) => member.isRunning);
  }

  /**
   * The member that a live one names as leader. A leader that was killed or paused is named by the others until
   * they have noticed; it does not count.
   */
  async leader(): Promise<EtcdMember | undefined> {
    const names = await Promise.all(this.live.map(nameOfLeader));
    return this.live.find((member) => names.includes(member.name));
  }

  waitForLeader(timeout = 20_000): Promise<EtcdMember> {
    return waitFor(() => this.leader(), { timeout, what: 'a leader' });
  }

  /** The live members that do not lead. */
  async followers(): Promise<EtcdMember[]> {
    const leader = await this.waitForLeader();
    return this.live.filter((member) => member !== leader);
  }

  /** Resolves once every live member answers a quorum read and all of them name the same leader. */
  async waitHealthy(timeout = 30_000): Promise<void> {
    const isHealthy = async () => {
      const names = new Set(await Promise.all(this.live.map(nameOfLeader)));
      if (names.size !== 1 || names.has(undefined)) return false;
      const answers = await Promise.all(
        this.live.map((member) => member.request('/health', { timeout: 2_000 })),
      );
      return answers.every((answer) => answer.status === 200);
    };
    await waitFor(isHealthy, { timeout, what: 'a healthy cluster' });
  }

  async stop(): Promise<void> {
    // The data are thrown away, so nobody has to wait for leadership to be handed over.
    await Promise.all(this.members.map((member) => member.kill()));
    await Promise.all(this.members.map((member) => member.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function nameOfLeader(member: EtcdMember): Promise<string | undefined> {
  try {
    const { status, body } = await member.request('/v2/members/leader', { timeout: 1_000 });
    return status === 200 ? (JSON.parse(body) as { name: string }).name : undefined;
  } catch {
    // It may be going down at this moment.
    return undefined;
  }
}
