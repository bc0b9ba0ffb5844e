import type { Dispatcher } from 'undici';

/** Connections that are somebody else's: what is sent there ends with this one, and they do not. */
export class BorrowedConnections {
  readonly #aborts = new Set<(cause: Error) => void>();

  constructor(
    private readonly origin: string,
    private readonly dispatcher: Dispatcher,
  ) {}

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    let forget = (): void => undefined;
    return this.dispatcher.dispatch(
      { ...options, origin: this.origin },
      {
        onConnect: (abort) => {
          this.#aborts.add(abort);
          forget = () => this.#aborts.delete(abort);
          handler.onConnect?.(abort);
        },
        onHeaders: (...head) => handler.onHeaders?.(...head) ?? true,
        onData: (chunk) => handler.onData?.(chunk) ?? true,
        onComplete: (trailers) => {
          forget();
          handler.onComplete?.(trailers);
        },
        onError: (error) => {
          forget();
          handler.onError?.(error);
        },
      },
    );
  }

  /** Requests that are under way may end. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Ends every request that is under way. */
  destroy(cause: Error): Promise<void> {
    for (const abort of this.#aborts) abort(cause);
    return Promise.resolve();
  }
}
