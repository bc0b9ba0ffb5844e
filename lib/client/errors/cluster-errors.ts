import { EtcdError, type EtcdErrorDetails } from './etcd-error.js';

/** No member could be reached before the deadline. Nothing was sent, so nothing was changed. */
export class EtcdConnectionError extends EtcdError {
  override readonly name = 'EtcdConnectionError';
  override readonly code = 'ETCD_CONNECTION';
}

/** The deadline of the call passed without an answer. For a write, it passed before the write was sent. */
export class EtcdTimeoutError extends EtcdError {
  override readonly name = 'EtcdTimeoutError';
  override readonly code = 'ETCD_TIMEOUT';
}

/**
 * A write was sent, and whether it was applied is not known; it may even be applied later. The library has not
 * repeated it blindly. Read the key back (with `quorum: true`) before you decide to repeat it. {@link cause} tells
 * what went wrong.
 */
export class EtcdIndeterminateError extends EtcdError {
  override readonly name = 'EtcdIndeterminateError';
  override readonly code = 'ETCD_INDETERMINATE';

  constructor(message: string, details: EtcdErrorDetails = {}) {
    super(message, { ...details, mayHaveBeenApplied: true });
  }
}

/** raft could not commit or confirm the request: no quorum, or the leader was lost (etcd error 300). */
export class EtcdRaftError extends EtcdError {
  override readonly name = 'EtcdRaftError';
  override readonly code = 'ETCD_RAFT';
}

/** The cluster has no leader at the moment (etcd error 301, or `During election`). */
export class EtcdElectionInProgressError extends EtcdError {
  override readonly name = 'EtcdElectionInProgressError';
  override readonly code = 'ETCD_ELECTION_IN_PROGRESS';
}

/** A server, or a proxy before it, failed or refused in a way that is not etcd's own (5xx and the like). */
export class EtcdServerError extends EtcdError {
  override readonly name = 'EtcdServerError';
  override readonly code = 'ETCD_SERVER';
}

/** The answer is not one that etcd gives: cut short, not JSON, of a wrong shape, or not text. */
export class EtcdResponseError extends EtcdError {
  override readonly name: string = 'EtcdResponseError';
  override readonly code: string = 'ETCD_RESPONSE';
}

/** The answer was longer than `maxResponseBytes` and was cut off. */
export class EtcdResponseTooLargeError extends EtcdResponseError {
  override readonly name = 'EtcdResponseTooLargeError';
  override readonly code = 'ETCD_RESPONSE_TOO_LARGE';
}

/** The server redirected to an address that is no known member, or to another path. It was not followed. */
export class EtcdRedirectError extends EtcdError {
  override readonly name = 'EtcdRedirectError';
  override readonly code = 'ETCD_REDIRECT';
}

/** The address serves no v2 API: etcd 3.6 or later, 3.4 or 3.5 without `--enable-v2`, or no etcd at all. */
export class EtcdV2NotEnabledError extends EtcdError {
  override readonly name = 'EtcdV2NotEnabledError';
  override readonly code = 'ETCD_V2_NOT_ENABLED';
}

/**
 * A member belongs to another cluster than this client does. One that had not proven itself was asked nothing but who
 * it is. One that changes under a connection can have got the request: {@link mayHaveBeenApplied} tells.
 */
export class EtcdClusterIdChangedError extends EtcdError {
  override readonly name = 'EtcdClusterIdChangedError';
  override readonly code = 'ETCD_CLUSTER_ID_CHANGED';
  /** The cluster id that this client was given or has learned. */
  readonly expected: string;
  /** The cluster id of the answer; absent where the answer had none. */
  readonly actual: string | undefined;

  constructor(expected: string, actual: string | undefined, details: EtcdErrorDetails = {}) {
    super(
      `${details.endpoint ?? 'A member'} belongs to cluster ${actual ?? '(none told)'}, and this client to cluster ${expected}. ` +
        'If the cluster was replaced on purpose, start a new client.',
      details,
    );
    this.expected = expected;
    this.actual = actual;
  }
}

/** The SRV records of the domain could not be resolved, or name no host. */
export class EtcdDiscoveryError extends EtcdError {
  override readonly name = 'EtcdDiscoveryError';
  override readonly code = 'ETCD_DISCOVERY';
}

/** The client was closed before the call, or while it waited. */
export class EtcdClosedError extends EtcdError {
  override readonly name = 'EtcdClosedError';
  override readonly code = 'ETCD_CLOSED';

  constructor(details: EtcdErrorDetails = {}) {
    super('The etcd client is closed.', details);
  }
}

/**
 * The caller's `signal` was aborted; {@link cause} is its reason. As everywhere in Node, its name is `AbortError`.
 */
export class EtcdAbortedError extends EtcdError {
  override readonly name = 'AbortError';
  override readonly code = 'ETCD_ABORTED';

  constructor(details: EtcdErrorDetails = {}) {
    super('The etcd request was aborted by its signal.', details);
  }
}
