import type { Dispatcher } from 'undici';

/** Connections that are somebody else's: what is sent there ends with this one, and they do not. */
export class BorrowedConnections {
  readonly #requests = new Set<BorrowedRequest>();
  #cause: Error | undefined;

  /** @param onDisconnect called when a connection has ended, where the dispatcher says so */
  constructor(
    private readonly origin: string,
    private readonly dispatcher: Dispatcher,
    private readonly onDisconnect?: () => void,
  ) {
    if (onDisconnect !== undefined) this.#emitter?.on('disconnect', this.#onDisconnect);
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#cause !== undefined) {
      handler.onError?.(this.#cause);
      return false;
    }
    const request = new BorrowedRequest(handler, () => this.#requests.delete(request));
    this.#requests.add(request);
    return this.dispatcher.dispatch({ ...options, origin: this.origin }, request);
  }

  /** Requests that are under way may end. */
  close(): Promise<void> {
    this.#emitter?.off('disconnect', this.#onDisconnect);
    return Promise.resolve();
  }

  /** Ends every request that is under way or waits, and takes no more. */
  destroy(cause: Error): Promise<void> {
    this.#cause ??= cause;
    for (const request of this.#requests) request.end(cause);
    return this.close();
  }

  /** Any object with `dispatch` will do, and need not emit anything. */
  get #emitter(): Dispatcher | undefined {
    return typeof (this.dispatcher as Partial<Dispatcher>).on === 'function' ? this.dispatcher : undefined;
  }

  readonly #onDisconnect = (origin: URL | string): void => {
    if (new URL(origin).origin === this.origin) this.onDisconnect?.();
  };
}

/** One request, which may wait for a connection of the dispatcher's for long. */
class BorrowedRequest implements Dispatcher.DispatchHandler {
  #abort: ((cause: Error) => void) | undefined;
  #cause: Error | undefined;

  constructor(
    private readonly handler: Dispatcher.DispatchHandler,
    private readonly forget: () => void,
  ) {}

  /** Ends it: by its connection, or before it has one, and then nothing of it is ever sent. */
  end(cause: Error): void {
    this.#cause = cause;
    if (this.#abort !== undefined) this.#abort(cause);
    else this.#fail(cause);
  }

  onConnect(abort: (cause?: Error) => void): void {
    if (this.#cause !== undefined) return abort(this.#cause);
    this.#abort = abort;
    this.handler.onConnect?.(abort);
  }

  onHeaders(...head: Parameters<NonNullable<Dispatcher.DispatchHandler['onHeaders']>>): boolean {
    return this.handler.onHeaders?.(...head) ?? true;
  }

  onData(chunk: Buffer): boolean {
    return this.handler.onData?.(chunk) ?? true;
  }

  onComplete(trailers: string[] | null): void {
    this.forget();
    this.handler.onComplete?.(trailers);
  }

  onError(error: Error): void {
    // One that was ended while it waited has been told so.
    if (this.#cause === undefined || this.#abort !== undefined) this.#fail(error);
  }

  #fail(error: Error): void {
    this.forget();
    this.handler.onError?.(error);
  }
}
