import type { Cluster } from '../cluster/cluster.js';
import { EtcdError, EtcdTimeoutError } from '../errors/index.js';
import { isTransient } from '../errors/transient.js';

/** So many attempts without an answer are told. */
const tellingAttempts = 3;

/** Which failures in a row end a feed: those that no waiting repairs, and that no other member is free of. */
export class Refusals {
  #refused = 0;
  #unanswered = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly onUnanswered: () => void,
  ) {}

  /** A line was opened. */
  none(): void {
    this.#refused = this.#unanswered = 0;
  }

  /** Goes on from a member that refuses what others may allow, and gives its address. */
  leave(error: unknown): string | undefined {
    const endpoint = error instanceof EtcdError ? error.endpoint : undefined;
    if (endpoint !== undefined) this.cluster.leave(endpoint);
    return endpoint;
  }

  /** Takes in a failure, and decides whether it is final. */
  isFinal(error: unknown): boolean {
    if (error instanceof EtcdTimeoutError && ++this.#unanswered === tellingAttempts) this.onUnanswered();
    if (isTransient(error)) return false;
    return this.leave(error) === undefined || ++this.#refused > this.cluster.addresses.length;
  }
}
