import { EtcdAbortedError, type EtcdErrorDetails } from '../errors/index.js';
import { offAbort, onAbort } from '../http/abort.js';

/** One call of a user's with its deadline and signal, over however many tries and waits. */
export class Call {
  /** The end, on the clock of `performance.now()`. */
  readonly deadline: number;

  constructor(
    readonly timeout: number,
    readonly signal: AbortSignal | undefined,
    /** What it is for, as the diagnostics channels tell it. */
    readonly operation = 'other',
  ) {
    this.deadline = performance.now() + timeout;
  }

  /** Milliseconds that are left; negative when the deadline has passed. */
  remaining(): number {
    return this.deadline - performance.now();
  }

  /** The same call with an earlier end, for a part of it. */
  within(milliseconds: number): Call {
    return new Call(Math.max(0, Math.min(milliseconds, this.remaining())), this.signal, this.operation);
  }

  throwIfAborted(details: EtcdErrorDetails = {}): void {
    if (this.signal?.aborted === true) throw new EtcdAbortedError({ ...details, cause: this.signal.reason });
  }

  /**
   * Waits for `work`, but no longer than until the deadline, the caller's signal or `closing`. Gives whether `work`
   * has ended; it goes on otherwise, because other calls may wait for it too.
   */
  wait(work: Promise<unknown>, closing: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (ended: boolean): void => {
        clearTimeout(timer);
        offAbort(this.signal, giveUp);
        offAbort(closing, giveUp);
        resolve(ended);
      };
      const giveUp = (): void => end(false);
      const done = (): void => end(true);
      // Timers may fire a millisecond early, and then the call would not be over yet. After a standstill of this process
      // they fire before the sockets are read, and what is waited for may have come.
      const timer = setTimeout(() => setImmediate(giveUp), Math.max(0, Math.ceil(this.remaining()) + 1));
      onAbort(this.signal, giveUp);
      onAbort(closing, giveUp);
      work.then(done, done);
      if (this.signal?.aborted === true || closing.aborted) giveUp();
    });
  }

  /** Sleeps, but no longer than until the deadline, the caller's signal or `closing`. */
  async sleep(milliseconds: number, closing: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await this.wait(new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds))), closing);
    clearTimeout(timer);
  }
}
