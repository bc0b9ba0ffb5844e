import { channels } from '../diagnostics/channels.js';
import type { EtcdClientIdentity } from '../diagnostics/index.js';
import { codeOf } from '../diagnostics/trace-operation.js';
import { EtcdLeaseLostError, type EtcdLeaseLossReason } from '../errors/index.js';
import { onAbort } from '../http/abort.js';
import type { Holding } from '../lease/holding.js';
import { tokenOf } from './lock-name.js';

/** Which lock is told of. */
export interface ToldLock {
  readonly client: EtcdClientIdentity;
  readonly name: string;
  /** With the prefix of the namespace. */
  readonly key: string;
}

/** Asks for a lock, and tells of that and of what comes of it. */
export async function tellAttempt<Got extends { readonly holding: Holding } | undefined>(
  told: ToldLock,
  attempt: () => Promise<Got>,
): Promise<Got> {
  const { wait, held, failed } = channels.lock;
  if (!wait.hasSubscribers && !held.hasSubscribers && !failed.hasSubscribers) return attempt();
  const { client, name, key } = told;
  const askedAt = performance.now();
  wait.publish({ client, name, key });
  try {
    const got = await attempt();
    const waited = performance.now() - askedAt;
    if (got === undefined) failed.publish({ client, name, key, waited, code: 'ETCD_LOCK_NOT_ACQUIRED' });
    else held.publish({ client, name, key, waited, fencingToken: tokenOf(got.holding) });
    return got;
  } catch (error) {
    failed.publish({ client, name, key, waited: performance.now() - askedAt, code: codeOf(error) });
    throw error;
  }
}

/** Tells of a lock when it is held no longer. */
export function tellRelease({ client, name, key }: ToldLock, holding: Holding): void {
  const heldFrom = performance.now();
  whenOver(holding, (loss) => {
    const { released } = channels.lock;
    if (!released.hasSubscribers) return;
    const held = performance.now() - heldFrom;
    released.publish({ client, name, key, fencingToken: tokenOf(holding), held, loss });
  });
}

/** Calls a listener when something is held no longer, with the reason where it was lost and not given back. */
export function whenOver({ over }: Holding, listener: (loss: EtcdLeaseLossReason | undefined) => void): void {
  const end = (): void => {
    const { reason } = over as { readonly reason: unknown };
    const isLoss = reason instanceof EtcdLeaseLostError && reason.loss !== 'released';
    listener(isLoss ? reason.loss : undefined);
  };
  if (over.aborted) end();
  else onAbort(over, end);
}
