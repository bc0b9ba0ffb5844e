import { EtcdAbortedError, EtcdClosedError, EtcdTimeoutError } from '../errors/index.js';
import { offAbort, onAbort } from '../http/abort.js';
import type { Held, LeaseContext } from '../lease/lease-context.js';

/** An attempt to get something that others may have: until it is got, aborted, too late, or the client is closed. */
export class Attempt implements Held {
  /** Whether there has been an entry in the queue, and so it is known that others have what is wanted. */
  hasEntered = false;
  readonly #ending = new AbortController();
  readonly #cancelTimer: () => void = () => undefined;
  readonly #abort: () => void;

  /** @param wait milliseconds to wait at most, and what it fails with then when others have what is wanted */
  constructor(
    private readonly context: LeaseContext,
    private readonly userSignal: AbortSignal | undefined,
    wait?: { readonly milliseconds: number; readonly error: () => unknown },
  ) {
    this.#abort = () => this.#ending.abort(new EtcdAbortedError({ cause: userSignal?.reason }));
    onAbort(userSignal, this.#abort);
    if (userSignal?.aborted === true) this.#abort();
    if (wait !== undefined)
      this.#cancelTimer = context.clock.after(wait.milliseconds, () => {
        const away = new EtcdTimeoutError(
          `etcd has not answered in the ${wait.milliseconds} ms that were given.`,
        );
        this.#ending.abort(this.hasEntered ? wait.error() : away);
      });
    context.held.add(this);
  }

  /** Aborted at its end, with the error that it fails with. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Waits for `work`, but no longer than until the end. @param onLate gets what comes after that */
  race<T>(work: Promise<T>, onLate: (value: T) => void): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(signal.reason as Error);
      onAbort(signal, fail);
      if (signal.aborted) fail();
      work
        .then((value) => (signal.aborted ? onLate(value) : resolve(value)), reject)
        .finally(() => offAbort(signal, fail));
    });
  }

  async close(): Promise<void> {
    this.#ending.abort(new EtcdClosedError());
  }

  /** Does the work, unless the end has come already, and lets go of the signal and the timer. */
  async run<T>(work: (attempt: Attempt) => Promise<T>): Promise<T> {
    try {
      this.signal.throwIfAborted();
      return await work(this);
    } finally {
      this.#done();
    }
  }

  #done(): void {
    this.#cancelTimer();
    offAbort(this.userSignal, this.#abort);
    this.context.held.delete(this);
  }
}
