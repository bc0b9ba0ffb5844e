import { EtcdAbortedError } from '../errors/index.js';

/** One call of a user's with its deadline and signal, over however many tries and waits. */
export class Call {
  /** The end, on the clock of `performance.now()`. */
  readonly deadline: number;

  constructor(
    readonly timeout: number,
    readonly signal: AbortSignal | undefined,
  ) {
    this.deadline = performance.now() + timeout;
  }

  /** Milliseconds that are left; negative when the deadline has passed. */
  remaining(): number {
    return this.deadline - performance.now();
  }

  /** The same call with an earlier end, for a part of it. */
  within(milliseconds: number): Call {
    return new Call(Math.max(0, Math.min(milliseconds, this.remaining())), this.signal);
  }

  throwIfAborted(mayHaveBeenApplied = false): void {
    if (this.signal?.aborted === true)
      throw new EtcdAbortedError({ cause: this.signal.reason, mayHaveBeenApplied });
  }

  /**
   * Waits for `work`, but no longer than until the deadline, the caller's signal or `closing`; which of them came
   * is for the caller to ask. `work` itself goes on, because other calls may wait for it too.
   */
  async wait(work: Promise<unknown>, closing: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.signal?.removeEventListener('abort', done);
        closing.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, this.remaining()));
      if (this.signal?.aborted === true || closing.aborted) return done();
      this.signal?.addEventListener('abort', done);
      closing.addEventListener('abort', done);
      work.then(done, done);
    });
  }

  /** Sleeps, but no longer than until the deadline, the caller's signal or `closing`. */
  async sleep(milliseconds: number, closing: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await this.wait(new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds))), closing);
    clearTimeout(timer);
  }
}
