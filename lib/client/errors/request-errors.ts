import { EtcdError } from './etcd-error.js';

/**
 * An option or argument is wrong. It is thrown before anything is sent; its message names the option, the value
 * and the fix.
 */
export class EtcdOptionsError extends EtcdError {
  override readonly name: string = 'EtcdOptionsError';
  override readonly code: string = 'ETCD_OPTIONS';
  /** The option or argument at fault, e.g. `timeout`. */
  readonly option: string;

  constructor(option: string, problem: string) {
    super(`\`${option}\`: ${problem}`);
    this.option = option;
  }
}

/** A key that etcd v2 cannot hold, or a request line that it cannot read. It is thrown before anything is sent. */
export class EtcdInvalidKeyError extends EtcdOptionsError {
  override readonly name = 'EtcdInvalidKeyError';
  override readonly code = 'ETCD_INVALID_KEY';
}

/** A value that was read cannot be decoded, or does not satisfy the schema. */
export class EtcdDecodeError extends EtcdError {
  override readonly name = 'EtcdDecodeError';
  override readonly code = 'ETCD_DECODE';
  /** The key whose value it is. */
  readonly key: string;

  constructor(key: string, problem: string, cause?: unknown) {
    super(`The value of ${key} cannot be decoded: ${problem}`, { cause });
    this.key = key;
  }
}

/** The server found a field of the request wrong (etcd errors 200-212, or HTTP 400, 405, 413, 415, 421, 431). */
export class EtcdInvalidRequestError extends EtcdError {
  override readonly name = 'EtcdInvalidRequestError';
  override readonly code = 'ETCD_INVALID_REQUEST';
}

/** The credentials do not allow the request, or are missing or wrong (etcd error 110, HTTP 401). */
export class EtcdUnauthorizedError extends EtcdError {
  override readonly name = 'EtcdUnauthorizedError';
  override readonly code = 'ETCD_UNAUTHORIZED';
}

/** The members or auth API refuses the change for good, e.g. of the role `root` (HTTP 403). */
export class EtcdForbiddenError extends EtcdError {
  override readonly name = 'EtcdForbiddenError';
  override readonly code = 'ETCD_FORBIDDEN';
}

/** The members or auth API does not know the member, user or role (HTTP 404, or 410 for a removed member). */
export class EtcdNotFoundError extends EtcdError {
  override readonly name = 'EtcdNotFoundError';
  override readonly code = 'ETCD_NOT_FOUND';
}

/** The members or auth API finds the change in conflict with what exists (HTTP 409). */
export class EtcdConflictError extends EtcdError {
  override readonly name = 'EtcdConflictError';
  override readonly code = 'ETCD_CONFLICT';
}
