/** One try on one member: what {@link EtcdError.attempts} lists, oldest first. */
export interface EtcdAttempt {
  /** The member that was tried, e.g. `http://10.0.0.1:2379`; its name is never followed by credentials. */
  readonly endpoint: string;
  /** What came of it, in a few words: `ECONNREFUSED`, `no answer within 1000 ms`, `500 Raft Internal Error`. */
  readonly outcome: string;
}

/** What an {@link EtcdError} can be told beside its message; every field stands for a property of the error. */
export interface EtcdErrorDetails {
  readonly errorCode?: number | undefined;
  readonly status?: number | undefined;
  readonly index?: number | undefined;
  readonly reason?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly attempts?: readonly EtcdAttempt[] | undefined;
  readonly mayHaveBeenApplied?: boolean | undefined;
  readonly cause?: unknown;
}

/**
 * What every error of this package is. Each meaning has a class of its own and a stable {@link code}, so that
 * both `instanceof` and `code` may be asked. `instanceof` also recognises errors of another loaded copy of the
 * package (its ESM and its CommonJS build in one process).
 *
 * No message, property or cause of an error ever holds a password or the value of a key.
 */
export class EtcdError extends Error {
  override readonly name: string = 'EtcdError';
  /** Stable name of the meaning, e.g. `ETCD_KEY_NOT_FOUND`. */
  readonly code: string = 'ETCD_ERROR';
  /** etcd's own error number, such as 100, where the answer had one. */
  readonly errorCode?: number | undefined;
  /** HTTP status of the answer, where there was one. */
  readonly status?: number | undefined;
  /** Store index at the time of the error; absent where etcd sends 0, which is no index. */
  readonly index?: number | undefined;
  /** etcd's own explanation (`cause` in its JSON): for most errors of keys, the path concerned. */
  readonly reason?: string | undefined;
  /** The member that answered, or was tried last. */
  readonly endpoint?: string | undefined;
  /** What each member answered before the call failed, oldest first. */
  readonly attempts: readonly EtcdAttempt[];
  /**
   * `true` where the request was a write that was sent and whose effect is not known: it may have been applied,
   * or may yet be. `false` means that this call has changed nothing.
   */
  readonly mayHaveBeenApplied: boolean;

  constructor(message: string, details: EtcdErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.errorCode = details.errorCode;
    this.status = details.status;
    this.index = details.index;
    this.reason = details.reason;
    this.endpoint = details.endpoint;
    this.attempts = details.attempts ?? [];
    this.mayHaveBeenApplied = details.mayHaveBeenApplied ?? false;
  }

  /** Recognises instances of the same class of another copy of this package by their chain of class names. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    if (typeof value !== 'object' || value === null || !(brand in value)) return false;
    for (let link = Object.getPrototypeOf(value); link !== null; link = Object.getPrototypeOf(link)) {
      if (link.constructor?.name === this.name) return true;
    }
    return false;
  }
}

const brand = Symbol.for('nestjs-etcd.error');
Object.defineProperty(EtcdError.prototype, brand, { value: true });
