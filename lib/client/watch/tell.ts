import { channels } from '../diagnostics/channels.js';
import type { EtcdClientIdentity } from '../diagnostics/index.js';
import { codeOf } from '../diagnostics/trace-operation.js';
import type { EtcdEvent } from './events.js';
import type { Feed } from './feed.js';
import type { Scope } from './scope.js';

/** Tells that a feed has a line that tells what happens now. */
export function tellArmed(client: EtcdClientIdentity, { scope, endpoint, sequence }: Feed): void {
  const { armed } = channels.watch;
  if (!armed.hasSubscribers || endpoint === undefined) return;
  const { key, recursive } = scope;
  armed.publish({ client, key, recursive, endpoint, index: sequence.position ?? 0 });
}

/** Tells what a consumer is given. @param prefix stands before the keys of the event in the store */
export function tellEvent(
  client: EtcdClientIdentity,
  { key }: Scope,
  prefix: string,
  event: EtcdEvent,
): void {
  const { event: change, resync } = channels.watch;
  if (event.action === 'resync') {
    if (resync.hasSubscribers) resync.publish({ client, key, reason: event.reason, index: event.index });
  } else if (change.hasSubscribers) {
    const { action, index } = event;
    change.publish({ client, key, action, changedKey: prefix + event.key, index });
  }
}

/** Tells by what a watcher has ended. */
export function tellFailed(client: EtcdClientIdentity, { key }: Scope, error: unknown): void {
  const { failed } = channels.watch;
  if (failed.hasSubscribers) failed.publish({ client, key, code: codeOf(error) });
}
