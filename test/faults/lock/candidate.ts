import { EtcdClient, type EtcdError, type EtcdLeadership, type EtcdLeaseLostError } from 'nestjs-etcd/client';

import { TcpProxy } from '../../support/tcp-proxy.js';
import { Link } from '../link.js';
import { type Tenure } from './tenure.js';

/** What lies between a candidate and one member. */
interface Path extends AsyncDisposable {
  readonly url: string;
  readonly cut: () => void;
  readonly mend: () => void;
}

/** On one, what was sent before it was cut arrives when it is mended; on the other, it never does. */
const networks = {
  async delaying(url: string): Promise<Path> {
    const proxy = await TcpProxy.start(url);
    return {
      url: proxy.url,
      cut: () => proxy.blackHole(true),
      mend: () => proxy.blackHole(false),
      [Symbol.asyncDispose]: () => proxy.stop(),
    };
  },
  async dropping(url: string): Promise<Path> {
    const link = await Link.start(url);
    return {
      url: link.url,
      cut: () => link.cut(),
      mend: () => link.mend(),
      [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
    };
  },
};

/** Takes part in an election for ever, each time anew, through links of its own, and logs when it has led. */
export class Candidate implements AsyncDisposable {
  /** When it has led, also now. */
  readonly tenures: Array<Tenure & { to: number; loss?: string | undefined }> = [];
  /** In their order. */
  readonly calls: Array<'elected' | 'lost'> = [];
  readonly failures: string[] = [];
  leadership: EtcdLeadership | undefined;
  private readonly ending = new AbortController();
  private readonly running: Promise<void>;

  private constructor(
    readonly name: string,
    private readonly client: EtcdClient,
    private readonly paths: readonly Path[],
    election: string,
    ttl: number,
  ) {
    this.running = this.run(election, ttl);
  }

  static async start(
    name: string,
    urls: readonly string[],
    { election, ttl, network }: { election: string; ttl: number; network: keyof typeof networks },
  ): Promise<Candidate> {
    const paths = await Promise.all(urls.map((url) => networks[network](url)));
    const client = new EtcdClient({ hosts: paths.map(({ url }) => url), sync: false });
    return new Candidate(name, client, paths, election, ttl);
  }

  get isLeader(): boolean {
    return this.leadership?.isLeader === true;
  }

  cut(): void {
    for (const { cut } of this.paths) cut();
  }

  mend(): void {
    for (const { mend } of this.paths) mend();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.mend();
    this.ending.abort();
    await this.running;
    await this.client.close();
    await Promise.all(this.paths.map((path) => path[Symbol.asyncDispose]()));
  }

  private async run(name: string, ttl: number): Promise<void> {
    const { signal } = this.ending;
    const election = this.client.election(name, { ttl });
    while (!signal.aborted) {
      try {
        const leadership = await election.campaign(this.name, { signal });
        await this.lead(leadership);
      } catch (error) {
        if (!signal.aborted) this.failures.push((error as EtcdError).code);
      }
    }
  }

  /** Until it is lost, or all is over. */
  private async lead(leadership: EtcdLeadership): Promise<void> {
    const tenure: Candidate['tenures'][number] = {
      who: this.name,
      token: leadership.term,
      from: performance.now(),
      to: Infinity,
    };
    this.tenures.push(tenure);
    this.calls.push('elected');
    this.leadership = leadership;
    await new Promise<void>((resolve) => {
      const lose = (): void => {
        tenure.to = performance.now();
        this.calls.push('lost');
        resolve();
      };
      const { signal } = leadership;
      signal.addEventListener('abort', () => {
        tenure.loss = (signal.reason as EtcdLeaseLostError).loss;
        lose();
      });
      this.ending.signal.addEventListener('abort', () => {
        if (leadership.isLeader) lose();
      });
    });
    this.leadership = undefined;
    await leadership.resign();
  }
}

/** Where a candidate was not told in turns that it leads, and that it does not. */
export function outOfTurn({ calls }: Candidate): number {
  return calls.filter((call, i) => call !== (i % 2 === 0 ? 'elected' : 'lost')).length;
}
