import { type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { endProcess, freePort, spawnEtcd } from '../../scripts/etcd-process.mjs';
import { findEtcd } from '../../scripts/find-etcd.mjs';
import { etcdArguments, type EtcdMemberOptions, type EtcdTls, readTls } from './etcd-options.js';
import { isServing } from './etcd-readiness.js';
import { rawRequest, type RawRequestOptions, type RawResponse } from './raw-request.js';
import { TcpProxy } from './tcp-proxy.js';
import { waitFor } from './wait-for.js';

/** How much of the server's log is kept to explain a failure, in characters. */
const LOG_LIMIT = 65_536;

/**
 * One real etcd with the v2 API, on loopback ports and in a temporary directory of its own.
 *
 * The process dies with this one, whatever happens to it (see `scripts/etcd-process.mjs`), and `scripts/test.mjs`
 * clears the temporary directory after each run.
 */
export class EtcdMember implements AsyncDisposable {
  /** Where it keeps its data, until it is stopped. */
  readonly directory = mkdtempSync(join(tmpdir(), 'etcd-'));
  private process: ChildProcess | undefined;
  private state: 'running' | 'paused' | 'down' | 'stopped' = 'down';
  private output = '';

  private constructor(
    readonly name: string,
    /** The address that etcd itself listens on, also when a proxy stands in front. */
    readonly directUrl: string,
    readonly peerUrl: string,
    private readonly args: string[],
    private readonly tls: EtcdTls | undefined,
    /** The proxy in front of the client port, when one was asked for. */
    readonly proxy: TcpProxy | undefined,
  ) {}

  /** Starts a member and resolves once it serves. Rejects, with the server's last words, when it does not. */
  static async start(options: EtcdMemberOptions = {}): Promise<EtcdMember> {
    const { name = 'm0' } = options;
    const directUrl = `${options.tls ? 'https' : 'http'}://127.0.0.1:${options.clientPort ?? (await freePort())}`;
    const peerUrl = `http://127.0.0.1:${options.peerPort ?? (await freePort())}`;
    const proxy = options.proxy ? await TcpProxy.start(directUrl) : undefined;
    const words = etcdArguments(options, { name, directUrl, peerUrl, url: proxy?.url ?? directUrl });
    const member = new EtcdMember(name, directUrl, peerUrl, words, options.tls, proxy);
    try {
      await member.launch();
    } catch (error) {
      await member.stop();
      throw error;
    }
    return member;
  }

  /** The advertised client address: the proxy's, when there is one. */
  get url(): string {
    return this.proxy?.url ?? this.directUrl;
  }

  /** The pid of etcd itself; `undefined` while it is down. */
  get pid(): number | undefined {
    return this.isDown ? undefined : this.process?.pid;
  }

  /** Whether the process runs and is not paused. */
  get isRunning(): boolean {
    return this.state === 'running';
  }

  /** The end of what etcd has logged since it was first started. */
  get log(): string {
    return this.output;
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
    if (this.state !== 'running') return;
    this.process?.kill('SIGSTOP');
    this.state = 'paused';
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.process?.kill('SIGCONT');
    this.state = 'running';
  }

  /** Starts the process again, on the same ports and data, and resolves once it serves. */
  async restart(): Promise<void> {
    if (this.state === 'stopped') throw new Error(`${this.name} was stopped, and its data are gone`);
    await this.end('SIGTERM');
    await this.launch();
  }

  /** Ends the process and removes what it has written. May be called in any state, and more than once. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
    this.state = 'stopped';
    await this.proxy?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private get isDown(): boolean {
    return this.state === 'down' || this.state === 'stopped';
  }

  private async launch(): Promise<void> {
    const binary = process.env['ETCD_BIN'] ?? findEtcd();
    const child = spawnEtcd(binary, [`--data-dir=${join(this.directory, 'data')}`, ...this.args]);
    this.process = child;
    this.state = 'running';
    const keep = (chunk: Buffer) => (this.output = `${this.output}${chunk.toString()}`.slice(-LOG_LIMIT));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const gone = () => {
      if (this.process === child && this.state !== 'stopped') this.state = 'down';
    };
    child.once('close', gone);
    child.once('error', (error) => {
      this.output += String(error);
      gone();
    });
    writeFileSync(join(this.directory, 'etcd.pid'), String(child.pid));
    try {
      await waitFor(async () => this.isDown || (await isServing(this)), { timeout: 30_000, what: 'etcd' });
    } catch (cause) {
      throw new Error(`${this.name} did not begin to serve:\n${this.output}`, { cause });
    }
    if (this.isDown) throw new Error(`${this.name} did not start:\n${this.output}`);
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.isDown || !this.process) return;
    await endProcess(this.process, { signal });
    this.state = 'down';
  }
}
