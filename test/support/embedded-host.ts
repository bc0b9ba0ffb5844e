import { readFileSync } from 'node:fs';

import { EmbeddedEtcd } from '../../lib/testing/index.js';
import type { EtcdHost } from './etcd-host.js';
import type { EtcdMemberOptions, EtcdTls } from './etcd-options.js';

/** Whether the suites run against embedded servers, which `jest.embedded.config.mjs` says. */
export const isEmbedded = process.env['TEST_ETCD'] === 'embedded';

/** How long the members of a cluster wait for a leader that is gone, in ms: less than real ones, so that tests are short. */
const electionTimeout = 200;

/** An embedded server that stands in for a process. */
export class EmbeddedHost implements EtcdHost {
  readonly directory = '';
  readonly pid = undefined;
  readonly log = 'an embedded server keeps no log';
  isDown = false;

  constructor(private readonly server: EmbeddedEtcd) {}

  /** Starts one for each address. */
  static async start(
    addresses: readonly { readonly directUrl: string; readonly url: string }[],
    { tls, args }: Pick<EtcdMemberOptions, 'tls' | 'args'>,
  ): Promise<EmbeddedHost[]> {
    if (args !== undefined) throw new Error(`An embedded server takes no arguments: ${args.join(' ')}`);
    const { members } = await EmbeddedEtcd.cluster(addresses.length, {
      ports: addresses.map(({ directUrl }) => Number(new URL(directUrl).port)),
      advertise: addresses.map(({ url }) => url),
      electionTimeout,
      ...(tls === undefined ? undefined : { tls: readPem(tls) }),
    });
    return members.map((server) => new EmbeddedHost(server));
  }

  async launch(): Promise<void> {
    if (this.isDown) await this.server.restart();
    this.isDown = false;
  }

  async end(): Promise<void> {
    await this.server.stop();
    this.isDown = true;
  }

  pause(): void {
    this.server.pause();
  }

  resume(): void {
    this.server.resume();
  }

  clear(): void {
    // It keeps nothing.
  }
}

function readPem({ ca, cert, key, clientAuth }: EtcdTls) {
  const read = (file: string) => readFileSync(file, 'utf8');
  return { cert: read(cert), key: read(key), ...(clientAuth ? { ca: read(ca) } : undefined) };
}
