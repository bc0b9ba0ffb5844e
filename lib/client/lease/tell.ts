import { channels } from '../diagnostics/channels.js';
import type { EtcdLeaseLossReason } from '../errors/index.js';
import type { LeaseContext } from './lease-context.js';

/** What is told of a holding. */
interface Told {
  readonly key: string;
  readonly ttl: number;
  readonly remaining: number;
}

/** Tells that a key has a new time to live. */
export function tellRenewed({ client, prefix }: LeaseContext, holding: Told): void {
  const { renewed } = channels.lease;
  if (!renewed.hasSubscribers) return;
  const { key, ttl, remaining } = holding;
  renewed.publish({ client, key: prefix + key, ttl, remaining });
}

/** Tells that a key is lost to its holder. */
export function tellLost({ client, prefix }: LeaseContext, holding: Told, loss: EtcdLeaseLossReason): void {
  const { lost } = channels.lease;
  if (lost.hasSubscribers) lost.publish({ client, key: prefix + holding.key, ttl: holding.ttl, loss });
}
