import type { EtcdRequest, HttpOutcome } from '../http/request.js';
import { channels } from './channels.js';
import { complete } from './complete.js';
import type { EtcdClientIdentity } from './messages.js';

const { start, end, error } = channels.request;

/** Whether somebody listens to requests. */
export function areRequestsHeard(): boolean {
  return start.hasSubscribers || end.hasSubscribers || error.hasSubscribers;
}

/** What a request is told with. */
export interface ToldRequest {
  readonly client: EtcdClientIdentity;
  readonly operation: string;
  readonly endpoint: string;
  readonly attempt: number;
}

/** Sends a request, and tells of its beginning and its end. */
export async function tellRequest(
  told: ToldRequest,
  request: EtcdRequest,
  send: () => Promise<HttpOutcome>,
): Promise<HttpOutcome> {
  const { method } = request;
  // The query may hold a value: what a `DELETE` compares with.
  const path = request.path.split('?', 1)[0] ?? '';
  const { client, operation, endpoint, attempt } = told;
  const message = { client, operation, method, path, endpoint, attempt };
  start.publish(message);
  const startedAt = performance.now();
  const outcome = await send();
  const duration = performance.now() - startedAt;
  const { status } = outcome;
  if (outcome.kind === 'answer') {
    end.publish(complete(message, { duration, status: outcome.status, etcdIndex: outcome.etcdIndex }));
    return outcome;
  }
  const wasSent = outcome.phase === 'sent' || outcome.phase === 'answered';
  // Refused or redirected, and only then cut short: nothing was changed.
  const isRefused = status !== undefined && status >= 300 && status < 500;
  const indeterminate = !request.read && wasSent && !isRefused;
  error.publish(complete(message, { duration, status, outcome: outcome.outcome, indeterminate }));
  return outcome;
}
