import { STATUS_CODES } from 'node:http';
import type { EtcdError } from '../client/index.js';

/** What {@link EtcdExceptionFilter} answers with. */
export interface EtcdErrorResponse {
  readonly statusCode: number;
  /** The status in words, e.g. `Not Found`. */
  readonly error: string;
  /** What went wrong, without anything of the inside: no addresses, no values. */
  readonly message: string;
  /** {@link EtcdError.code}, e.g. `ETCD_KEY_NOT_FOUND`. */
  readonly code: string;
  /** Present where a write was sent and its outcome is not known. */
  readonly mayHaveBeenApplied?: true;
}

/** What is the request's own doing: by codes and not by classes, which another loaded copy has too. */
const mistakes: ReadonlyMap<string, readonly [status: number, message: string]> = new Map([
  ['ETCD_KEY_NOT_FOUND', [404, 'There is no such key.']],
  ['ETCD_NOT_FOUND', [404, 'There is no such member, user or role.']],
  ['ETCD_KEY_EXISTS', [409, 'The key exists already.']],
  ['ETCD_NOT_FILE', [409, 'The key is a directory.']],
  ['ETCD_NOT_DIRECTORY', [409, 'A part of the path is no directory.']],
  ['ETCD_DIRECTORY_NOT_EMPTY', [409, 'The directory is not empty.']],
  ['ETCD_CONFLICT', [409, 'The change is in conflict with what exists.']],
  ['ETCD_LOCK_NOT_ACQUIRED', [409, 'It is locked by another request.']],
  ['ETCD_COMPARE_FAILED', [412, 'The key is not what the request compares it with.']],
  ['ETCD_ROOT_READ_ONLY', [403, 'The root directory cannot be changed.']],
  ['ETCD_FORBIDDEN', [403, 'etcd does not allow the change.']],
]);

/** What may be over the next time. An abort is mostly a time limit that the application has set. */
const outages: ReadonlySet<string> = new Set([
  'ETCD_CONNECTION',
  'ETCD_DISCOVERY',
  'ETCD_TIMEOUT',
  'ETCD_ABORTED',
  'ETCD_RAFT',
  'ETCD_ELECTION_IN_PROGRESS',
  'ETCD_INDETERMINATE',
  'ETCD_CLOSED',
  'ETCD_CLUSTER_ID_CHANGED',
  'ETCD_SERVER',
  'ETCD_LEASE_LOST',
]);

/** The HTTP response that an error of etcd's stands for. */
export function toHttpResponse(error: EtcdError): EtcdErrorResponse {
  const [statusCode, message] = judge(error);
  return {
    statusCode,
    error: STATUS_CODES[statusCode] as string,
    message,
    code: error.code,
    ...(error.mayHaveBeenApplied ? { mayHaveBeenApplied: true } : undefined),
  };
}

function judge({ code, message, mayHaveBeenApplied }: EtcdError): readonly [status: number, message: string] {
  const mistake = mistakes.get(code);
  if (mistake !== undefined) return mistake;
  // It is about the requested key alone, and without the reason nobody can find a better one.
  if (code === 'ETCD_INVALID_KEY') return [400, message];
  if (!outages.has(code)) return [500, 'Internal server error'];
  return mayHaveBeenApplied
    ? [503, 'The change was sent, and whether it was applied is not known.']
    : [503, 'etcd is not available at the moment.'];
}
