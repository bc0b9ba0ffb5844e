import { EtcdClient, type EtcdClientOptions } from 'nestjs-etcd/client';

import { Certificates, type KeyPair } from '../support/certificates.js';
import { EtcdMember } from '../support/etcd-member.js';
import { HttpStub, jsonResponse } from '../support/http-stub.js';

/** A real member with a client, and the means of a row's test. */
export class World implements AsyncDisposable {
  private count = 0;

  private constructor(
    readonly member: EtcdMember,
    readonly etcd: EtcdClient,
  ) {}

  static async create(): Promise<World> {
    const member = await EtcdMember.start({ proxy: true });
    return new World(member, new EtcdClient({ hosts: member.url, tryTimeout: 5_000 }));
  }

  /** A key, or a name, that no other row uses. */
  key(): string {
    return `/row-${++this.count}`;
  }

  /** First lines of the requests that reached the member, in the order of arrival. */
  get lines(): string[] {
    return this.member.proxy?.requests.map(({ line }) => line.replace(' HTTP/1.1', '')) ?? [];
  }

  /** How many watches the member has registered. */
  async watchers(): Promise<number> {
    const { body } = await this.member.request('/v2/stats/store');
    return (JSON.parse(body) as { watchers: number }).watchers;
  }

  /** Another client of the same member. */
  async with<T>(options: EtcdClientOptions, use: (etcd: EtcdClient) => Promise<T>): Promise<T> {
    await using etcd = new EtcdClient({ hosts: this.member.url, ...options });
    return await use(etcd);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.etcd.close();
    await this.member.stop();
  }
}

export type RowTest = (world: World) => unknown;
export type RowTests = Record<string, RowTest>;

/** Lends a member that asks for a client certificate. */
export async function withTls<T>(
  use: (url: string, certificates: Certificates, client: KeyPair) => Promise<T>,
): Promise<T> {
  using certificates = await Certificates.create();
  const [server, client] = [await certificates.issue(), await certificates.issue({ commonName: 'client' })];
  await using member = await EtcdMember.start({ tls: certificates.etcdTls(server, true) });
  return await use(member.url, certificates, client);
}

/** The error of a request that a server answers with one of etcd's errors; it is sent until the timeout where that may pass. */
export async function errorOf(errorCode: number, status = 400, timeout = 5_000): Promise<unknown> {
  await using stub = await HttpStub.start(({ path }) =>
    path === '/v2/members'
      ? jsonResponse(200, { members: [] })
      : jsonResponse(status, { errorCode, message: 'as told', cause: '/k', index: 7 }, { 'X-Etcd-Index': 7 }),
  );
  await using etcd = new EtcdClient({ hosts: stub.url, timeout });
  return await etcd.get('/k').catch((reason: unknown) => reason);
}
