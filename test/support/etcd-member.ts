import { freePort } from '../../scripts/etcd-process.mjs';
import { EmbeddedHost, isEmbedded } from './embedded-host.js';
import type { EtcdHost } from './etcd-host.js';
import { EtcdProcessHost } from './etcd-process-host.js';
import {
  type EtcdAddresses,
  etcdArguments,
  type EtcdMemberOptions,
  type EtcdTls,
  readTls,
} from './etcd-options.js';
import { isServing } from './etcd-readiness.js';
import { rawRequest, type RawRequestOptions, type RawResponse } from './raw-request.js';
import { TcpProxy } from './tcp-proxy.js';
import { waitFor } from './wait-for.js';

/** One etcd with the v2 API, on loopback ports: a real one, or an embedded server where the suites run against that. */
export class EtcdMember implements AsyncDisposable {
  readonly name: string;
  /** The address that etcd itself listens on, also when a proxy stands in front. */
  readonly directUrl: string;
  readonly peerUrl: string;
  private isPaused = false;
  private isStopped = false;

  private constructor(
    { name, directUrl, peerUrl }: EtcdAddresses,
    private readonly host: EtcdHost,
    private readonly tls: EtcdTls | undefined,
    /** The proxy in front of the client port, when one was asked for. */
    readonly proxy: TcpProxy | undefined,
  ) {
    this.name = name;
    this.directUrl = directUrl;
    this.peerUrl = peerUrl;
  }

  /** Starts a member and resolves once it serves. Rejects, with the server's last words, when it does not. */
  static async start(options: EtcdMemberOptions = {}): Promise<EtcdMember> {
    const [member] = await EtcdMember.startAll([options]);
    return member as EtcdMember;
  }

  /** Starts the members of one cluster. Rejects, and stops them all, when one does not serve. */
  static async startAll(seats: readonly EtcdMemberOptions[]): Promise<EtcdMember[]> {
    const proxies: (TcpProxy | undefined)[] = [];
    const places: EtcdAddresses[] = [];
    for (const { name = 'm0', tls, clientPort, peerPort, proxy } of seats) {
      const directUrl = `${tls ? 'https' : 'http'}://127.0.0.1:${clientPort ?? (await freePort())}`;
      const peerUrl = `http://127.0.0.1:${peerPort ?? (await freePort())}`;
      const front = proxy ? await TcpProxy.start(directUrl) : undefined;
      proxies.push(front);
      places.push({ name, directUrl, peerUrl, url: front?.url ?? directUrl });
    }
    const hosts: EtcdHost[] = isEmbedded
      ? await EmbeddedHost.start(places, seats[0] ?? {})
      : seats.map((seat, i) => new EtcdProcessHost(etcdArguments(seat, places[i] as EtcdAddresses)));
    const members = hosts.map(
      (host, i) => new EtcdMember(places[i] as EtcdAddresses, host, seats[i]?.tls, proxies[i]),
    );
    const started = await Promise.allSettled(members.map((member) => member.launch()));
    const failure = started.find((result) => result.status === 'rejected');
    if (failure === undefined) return members;
    await Promise.all(members.map((member) => member.stop()));
    throw failure.reason;
  }

  /** Where a real one keeps its data, until it is stopped. */
  get directory(): string {
    return this.host.directory;
  }

  /** The advertised client address: the proxy's, when there is one. */
  get url(): string {
    return this.proxy?.url ?? this.directUrl;
  }

  /** The pid of a real one; `undefined` while it is down. */
  get pid(): number | undefined {
    return this.host.pid;
  }

  /** Whether the process runs and is not paused. */
  get isRunning(): boolean {
    return !this.host.isDown && !this.isPaused;
  }

  /** The end of what etcd has logged since it was first started. */
  get log(): string {
    return this.host.log;
  }

  /** Asks this very server, past its proxy, with its own certificate. */
  request(path: string, options: RawRequestOptions = {}): Promise<RawResponse> {
    return rawRequest(`${this.directUrl}${path}`, { tls: this.tls && readTls(this.tls), ...options });
  }

  /** Ends the process at once, as a crash does, and resolves when it is gone. The data stay for `restart`. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Freezes the process: its ports still accept connections, and nothing is answered. */
  pause(): void {
    if (!this.isRunning) return;
    this.host.pause();
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.host.resume();
    this.isPaused = false;
  }

  /** Starts the process again, on the same ports and data, and resolves once it serves. */
  async restart(): Promise<void> {
    if (this.isStopped) throw new Error(`${this.name} was stopped, and its data are gone`);
    await this.end('SIGTERM');
    await this.launch();
  }

  /** Ends the process and removes what it has written. May be called in any state, and more than once. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
    this.isStopped = true;
    await this.proxy?.stop();
    this.host.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private async launch(): Promise<void> {
    await this.host.launch();
    try {
      const isSettled = async () => this.host.isDown || (await isServing(this));
      await waitFor(isSettled, { timeout: 30_000, what: 'etcd' });
    } catch (cause) {
      throw new Error(`${this.name} did not begin to serve:\n${this.log}`, { cause });
    }
    if (this.host.isDown) throw new Error(`${this.name} did not start:\n${this.log}`);
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.isPaused = false;
    if (!this.host.isDown) await this.host.end(signal);
  }
}
