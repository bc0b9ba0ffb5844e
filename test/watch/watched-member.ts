import { EtcdClient, type EtcdClientOptions, type EtcdWatchOptions } from 'nestjs-etcd/client';

import { RawStore } from '../client/raw-store.js';
import { EtcdMember } from '../support/etcd-member.js';
import { type EtcdMemberOptions } from '../support/etcd-options.js';
import { type TcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait-for.js';
import { Recorder } from './recorder.js';

/** A real member behind a proxy, with clients of it that are closed at its end. */
export class WatchedMember implements AsyncDisposable {
  readonly raw: RawStore;
  /** Makes changes; it watches nothing. */
  readonly writer: EtcdClient;
  private clients: EtcdClient[] = [];
  private count = 0;

  private constructor(readonly member: EtcdMember) {
    this.raw = new RawStore(member);
    // Past the proxy, whose connections and requests are those of the clients under test.
    this.writer = new EtcdClient({ hosts: member.directUrl, sync: false, tryTimeout: 5_000 });
  }

  static async start(options: EtcdMemberOptions = {}): Promise<WatchedMember> {
    return new WatchedMember(await EtcdMember.start({ proxy: true, ...options }));
  }

  get proxy(): TcpProxy {
    return this.member.proxy as TcpProxy;
  }

  /** First lines of the watches that went through the proxy. */
  get watches(): string[] {
    return this.proxy.requests.map(({ line }) => line).filter((line) => line.includes('wait=true'));
  }

  /** Another client, which shares nothing with the others. */
  client(options: EtcdClientOptions = {}): EtcdClient {
    const client = new EtcdClient({ hosts: this.member.url, tryTimeout: 5_000, ...options });
    this.clients.push(client);
    return client;
  }

  /** A key that no other test uses. */
  key(): string {
    return `/key-${++this.count}`;
  }

  /** Watches on a client of its own, and resolves when nothing can be missed any more. */
  async watch(key: string, options: EtcdWatchOptions = {}, client = this.client()): Promise<Recorder> {
    const recorder = new Recorder(client.watch(key, options));
    await recorder.watcher.ready;
    return recorder;
  }

  /** Changes something somewhere else, so many times. */
  async writeElsewhere(count: number): Promise<void> {
    const each = async (offset: number) => {
      for (let i = offset; i < count; i += 16) await this.writer.set('/elsewhere', String(i));
    };
    await Promise.all(Array.from({ length: 16 }, (_, offset) => each(offset)));
  }

  /** How many watches the member has registered. */
  async registered(): Promise<number> {
    const { body } = await this.member.request('/v2/stats/store');
    return (JSON.parse(body) as { watchers: number }).watchers;
  }

  /** Ends all that a test has watched. */
  async endTest(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
    this.clients = [];
    await waitFor(async () => (await this.registered()) === 0, { what: 'the end of the watches of a test' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.writer, ...this.clients].map((client) => client.close()));
    await this.member.stop();
  }
}
