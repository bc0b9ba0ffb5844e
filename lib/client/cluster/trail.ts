import {
  EtcdClusterIdChangedError,
  EtcdConnectionError,
  EtcdError,
  EtcdIndeterminateError,
  EtcdResponseError,
  EtcdTimeoutError,
  type EtcdAttempt,
} from '../errors/index.js';
import type { EtcdRequest } from '../http/request.js';
import type { Endpoint } from './endpoint.js';

const longestTrail = 32;
const shortestPause = 50;
const longestPause = 1_000;

/** What one call has gone through so far: which members it tried, what they said, and what that means in the end. */
export class Trail {
  /** Members tried in this walk around the ring. */
  readonly tried = new Set<Endpoint>();
  /** Whether a try of this write may have been applied. */
  ambiguous = false;
  /** Requests that were sent. */
  tries = 0;
  /** How often this walk was sent from one member to another. */
  redirects = 0;
  #walks = 0;
  #attempts: EtcdAttempt[] = [];
  /** Whether no try so far has reached a member, or been late. */
  #unreached = true;
  /** What the last try failed with, where it is more than a connection that failed. */
  #last: unknown;
  /** The last thing that a server said: it explains more than the try that the deadline cut short. */
  #told: EtcdError | undefined;
  /** Whether every try of this walk gave an answer that is none of etcd's; `undefined` before the first. */
  #onlyGarbage: boolean | undefined;

  /** @param authorization the header that goes with the request */
  constructor(
    private readonly request: EtcdRequest,
    readonly authorization?: string,
  ) {}

  /** What each member has answered, oldest first. */
  get attempts(): readonly EtcdAttempt[] {
    return this.#attempts;
  }

  /**
   * Notes a try: whether it has reached the member (or was merely late), and the `error` that it stands for, where that
   * is more than a connection that failed.
   */
  note(endpoint: string, outcome: string, reached: boolean, error: unknown): void {
    if (this.#attempts.length === longestTrail) this.#attempts.splice(1, 1);
    this.#attempts.push({ endpoint, outcome });
    if (reached) this.#unreached = false;
    this.#last = error;
    this.#onlyGarbage = this.#onlyGarbage !== false && error instanceof EtcdResponseError;
    if (error instanceof EtcdError) this.#told = error;
  }

  /** A walk around the ring is over: the jittered pause before the next one. @throws the error, when another walk would be of no use */
  endWalk(): number {
    if (this.#onlyGarbage === true) throw this.exhausted();
    this.#onlyGarbage = undefined;
    this.tried.clear();
    this.redirects = 0;
    const pause = Math.min(longestPause, shortestPause * 2 ** this.#walks++);
    return pause * (0.5 + Math.random() / 2);
  }

  /** What a call fails with that has run out of time, or of members that would be of use. */
  exhausted(timeout?: number): EtcdError {
    if (this.ambiguous) return this.indeterminate('it ran out of time');
    const attempts = this.#attempts;
    const endpoint = attempts.at(-1)?.endpoint;
    const within = timeout === undefined ? '' : ` within ${timeout} ms`;
    const tries = attempts.length === 0 ? '' : `: ${summary(attempts)}`;
    const details = { attempts, endpoint, cause: this.#last };
    if (this.#unreached && attempts.length > 0)
      return new EtcdConnectionError(
        `${this.what}: no etcd member could be reached${within}${tries}`,
        details,
      );
    if (this.#told !== undefined) return withAttempts(this.#told, attempts);
    return new EtcdTimeoutError(`${this.what}: no answer${within}${tries}`, details);
  }

  /** The error of a write that was sent and whose effect is not known. */
  indeterminate(why: string, cause: unknown = this.#last): EtcdIndeterminateError {
    const attempts = this.#attempts;
    return new EtcdIndeterminateError(
      `${this.what}: ${why}. The write may or may not have been applied; read the key back before you repeat it. Tried ${summary(attempts)}`,
      { attempts, endpoint: attempts.at(-1)?.endpoint, cause },
    );
  }

  /** An error that a member's answer stands for, with what was tried before. */
  because(error: EtcdError): EtcdError {
    return withAttempts(error, this.#attempts);
  }

  /** What a call fails with that has met another cluster. */
  otherCluster({ expected, actual, endpoint }: EtcdClusterIdChangedError, applied: boolean): EtcdError {
    const mayHaveBeenApplied = this.ambiguous || applied;
    const details = { endpoint, mayHaveBeenApplied, attempts: this.#attempts };
    return new EtcdClusterIdChangedError(expected, actual, details);
  }

  /** The request in a message: without its query, which may hold a value. */
  get what(): string {
    return `${this.request.method} ${this.request.path.split('?', 1)[0]}`;
  }
}

/** Each member's last outcome. */
function summary(attempts: readonly EtcdAttempt[]): string {
  const last = new Map(attempts.map(({ endpoint, outcome }) => [endpoint, outcome]));
  return [...last].map(([endpoint, outcome]) => `${endpoint} (${outcome})`).join(', ');
}

/** The same error with the list of tries, which is known only now. */
function withAttempts(error: EtcdError, attempts: readonly EtcdAttempt[]): EtcdError {
  return Object.assign(error, { attempts });
}
