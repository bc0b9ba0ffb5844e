import { channels } from '../diagnostics/channels.js';
import type { EtcdClientIdentity } from '../diagnostics/index.js';
import type { EtcdClusterIdChangedError } from '../errors/index.js';
import type { EtcdLogger } from '../options/index.js';
import type { Endpoint } from './endpoint.js';
import type { Ring } from './ring.js';

/** Says when a member or the whole cluster is lost, and when it is back: one line each, and none in between. */
export class Outages {
  #isClusterLost = false;
  #heardAt = -Infinity;

  constructor(
    private readonly ring: Ring,
    private readonly logger: EtcdLogger,
    private readonly client: EtcdClientIdentity,
  ) {}

  /** A member has answered just now. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  /** A member has not said who it is. */
  lost(endpoint: Endpoint, why: string): void {
    const { address, lost: isKnown } = endpoint;
    this.#markLost(endpoint, why);
    // One that was lost while others answered may be back by now: it is asked before the cluster is given up.
    if (!this.#isClusterLost && this.ring.endpoints.every(({ failedAt }) => failedAt > this.#heardAt)) {
      this.#isClusterLost = true;
      this.logger.error(
        `The etcd cluster is lost: no member answers (last ${address}: ${why}). Calls fail at their deadline, and every member is tried again each second or two; see that etcd runs, and that its members can be reached from here at the configured addresses.`,
      );
      const { lost } = channels.cluster;
      if (lost.hasSubscribers) lost.publish({ client: this.client, endpoint: address, reason: why });
    } else if (!isKnown) this.logger.warn(`The etcd member ${address} is lost: ${why}.`);
  }

  /** Calls fail until the right one answers there again; without this line nobody would see why. */
  foreign(endpoint: Endpoint, { message }: EtcdClusterIdChangedError): void {
    if (endpoint.foreign) return;
    endpoint.foreign = true;
    this.#markLost(endpoint, message);
    this.logger.error(message);
  }

  /** A member has said who it is. */
  back(endpoint: Endpoint): void {
    const { client } = this;
    const { address } = endpoint;
    if (this.#isClusterLost) {
      this.logger.log(
        `The etcd cluster is back: ${address} answers. There is nothing to do; watches and elections go on, and so do the leases that have not expired meanwhile.`,
      );
      const { back } = channels.cluster;
      if (back.hasSubscribers) back.publish({ client, endpoint: address });
    } else if (endpoint.lost) this.logger.log(`The etcd member ${address} is back.`);
    const { back } = channels.member;
    if (endpoint.lost && back.hasSubscribers) back.publish({ client, endpoint: address });
    this.#isClusterLost = false;
    endpoint.lost = false;
    endpoint.foreign = false;
    this.heard();
  }

  #markLost(endpoint: Endpoint, reason: string): void {
    const { lost } = channels.member;
    if (!endpoint.lost && lost.hasSubscribers)
      lost.publish({ client: this.client, endpoint: endpoint.address, reason });
    endpoint.lost = true;
  }
}
