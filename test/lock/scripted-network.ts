import type { Fate, Network } from './fake-keys.js';

/** A network on which a test says what becomes of each call, and stops what is on its way. */
export class ScriptedNetwork implements Network {
  /** Every call that was made, such as `refresh /k`. */
  readonly calls: string[] = [];
  /** What becomes of the next calls; of those that come later, {@link otherwise}. */
  fates: Fate[] = [];
  otherwise: Fate = 'answered';
  private stopped: ((what: string) => boolean) | undefined;
  private waiting: (() => void)[] = [];

  fate(what: string): Fate {
    this.calls.push(what);
    return this.fates.shift() ?? this.otherwise;
  }

  way(what: string): Promise<void> {
    if (this.stopped?.(what) !== true) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Keeps what is on its way from now on. */
  stop(which: (what: string) => boolean = () => true): void {
    this.stopped = which;
  }

  go(): void {
    this.stopped = undefined;
    for (const arrive of this.waiting.splice(0)) arrive();
  }

  /** How many calls of a kind were made. */
  count(kind: string): number {
    return this.calls.filter((call) => call.startsWith(`${kind} `)).length;
  }
}
