import type { Dispatcher } from 'undici';

import type { InProcessExchange } from '../http/in-process.js';

/** How undici is told an answer, in either of its two ways. */
export interface Told {
  /** @param abort gives the request up, for a reason */
  begin(abort: (reason: Error) => void): void;
  head(status: number, headers: Record<string, string | string[]>, exchange: InProcessExchange): void;
  /** @returns whether more may come at once */
  data(chunk: Buffer): boolean;
  end(): void;
  fail(error: Error): void;
}

/** @param handler as undici's own requests and those of others give it */
export function toldBy(handler: Dispatcher.DispatchHandler): Told {
  return handler.onRequestStart === undefined ? new RawTold(handler) : new ControlledTold(handler);
}

/** By callbacks that take headers as they came. */
class RawTold implements Told {
  constructor(private readonly handler: Dispatcher.DispatchHandler) {}

  begin(abort: (reason: Error) => void): void {
    this.handler.onConnect?.((reason) => abort(reason ?? new Error('The request was aborted')));
  }

  head(status: number, headers: Record<string, string | string[]>, exchange: InProcessExchange): void {
    const raw = Object.entries(headers).flatMap(([name, value]) =>
      [value].flat().flatMap((each) => [Buffer.from(name, 'latin1'), Buffer.from(each, 'latin1')]),
    );
    this.handler.onHeaders?.(status, raw, () => exchange.resume(), '');
  }

  data(chunk: Buffer): boolean {
    return this.handler.onData?.(chunk) !== false;
  }

  end(): void {
    this.handler.onComplete?.([]);
  }

  fail(error: Error): void {
    this.handler.onError?.(error);
  }
}

/** By callbacks with a controller. */
class ControlledTold implements Told {
  #controller: Controller = new Controller(() => undefined);

  constructor(private readonly handler: Dispatcher.DispatchHandler) {}

  begin(abort: (reason: Error) => void): void {
    this.#controller = new Controller(abort);
    this.handler.onRequestStart?.(this.#controller, {});
  }

  head(status: number, headers: Record<string, string | string[]>, exchange: InProcessExchange): void {
    this.#controller.onResume = () => exchange.resume();
    const lower = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    this.handler.onResponseStart?.(this.#controller, status, lower, '');
  }

  data(chunk: Buffer): boolean {
    this.handler.onResponseData?.(this.#controller, chunk);
    return !this.#controller.paused;
  }

  end(): void {
    this.handler.onResponseEnd?.(this.#controller, {});
  }

  fail(error: Error): void {
    this.handler.onResponseError?.(this.#controller, error);
  }
}

class Controller implements Dispatcher.DispatchController {
  paused = false;
  aborted = false;
  reason: Error | null = null;
  onResume: () => void = () => undefined;

  constructor(private readonly giveUp: (reason: Error) => void) {}

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.onResume();
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.giveUp(reason);
  }
}
