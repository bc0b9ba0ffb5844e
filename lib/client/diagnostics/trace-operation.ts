import { EtcdError } from '../errors/index.js';
import { channels } from './channels.js';
import { complete } from './complete.js';
import type { EtcdClientIdentity, EtcdOperationStarted } from './messages.js';

const { start, end, error: failed } = channels.operation;

/** Carries out an operation, and tells of its beginning and its end where somebody listens. */
export function traceOperation<T, Argument>(
  client: EtcdClientIdentity,
  operation: string,
  key: string | undefined,
  work: (argument: Argument) => Promise<T>,
  argument: Argument,
): Promise<T> {
  if (!start.hasSubscribers && !end.hasSubscribers && !failed.hasSubscribers) return work(argument);
  return trace({ client, operation, key }, () => work(argument));
}

async function trace<T>(message: EtcdOperationStarted, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  try {
    const result = await start.runStores(message, work);
    const duration = performance.now() - startedAt;
    end.publish(complete(message, { duration, etcdIndex: indexOf(result) }));
    return result;
  } catch (reason) {
    const duration = performance.now() - startedAt;
    const error = reason instanceof EtcdError ? reason : undefined;
    const indeterminate = error?.mayHaveBeenApplied ?? false;
    failed.publish(complete(message, { duration, code: codeOf(reason), error, indeterminate }));
    throw reason;
  }
}

/** The code of an error of this package. What others throw is not told, because anything may stand in it. */
export function codeOf(error: unknown): string {
  return error instanceof EtcdError ? error.code : 'OTHER';
}

function indexOf(result: unknown): number | undefined {
  if (typeof result !== 'object' || result === null || !('etcdIndex' in result)) return undefined;
  return typeof result.etcdIndex === 'number' ? result.etcdIndex : undefined;
}
