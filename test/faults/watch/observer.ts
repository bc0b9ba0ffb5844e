import type { EtcdEvent, EtcdWatcher } from 'nestjs-etcd/client';

import { RebuiltState } from './rebuilt-state.js';
import type { Change, Resync, Told } from './told.js';

/** Consumes a watcher, keeps what it is told, and sees at once what no writer has to be asked for. */
export class Observer implements Told {
  readonly changes: Change[] = [];
  readonly resyncs: Resync[] = [];
  /** When each event came, on the clock of `performance.now()`. */
  readonly times = new Map<number, number>();
  /** What breaks the promise by itself: the order, a change told twice, a resync that does not fit. */
  readonly faults: string[] = [];
  readonly state: RebuiltState;
  start = 0;
  position = 0;
  /** What has ended the watcher. */
  failure: unknown;
  #gate: Promise<void> = Promise.resolve();
  #thaw: () => void = () => undefined;

  private constructor(
    readonly name: string,
    private readonly watcher: EtcdWatcher,
  ) {
    this.state = new RebuiltState(watcher.key);
  }

  /** Resolves when every later change has to be told. */
  static async start(name: string, watcher: EtcdWatcher): Promise<Observer> {
    const observer = new Observer(name, watcher);
    await watcher.ready;
    observer.start = observer.position = watcher.index;
    void observer.#consume();
    return observer;
  }

  /** Takes no event any more, as a consumer does that is busy with one. */
  freeze(): void {
    this.#gate = new Promise((resolve) => (this.#thaw = resolve));
  }

  thaw(): void {
    this.#thaw();
  }

  /** Where it was at a time: what was skipped is known within a second, or 2.5 on a busy machine. */
  #positionBefore(time: number): number {
    let position = this.start;
    for (const [index, at] of this.times) if (at <= time) position = Math.max(position, index);
    return position;
  }

  async #consume(): Promise<void> {
    try {
      for await (const event of this.watcher) {
        await this.#gate;
        this.#take(event);
      }
    } catch (error) {
      this.failure = error;
    }
  }

  #take(event: EtcdEvent): void {
    const { index } = event;
    this.state.apply(event);
    this.times.set(index, performance.now());
    if (event.action === 'resync') {
      const { reason, node } = event;
      if (index < this.position && reason !== 'reset')
        this.faults.push(`a resync goes back from ${this.position} to ${index}`);
      for (const difference of this.state.differences(node))
        this.faults.push(`after the resync at ${index}, ${difference}`);
      const from = reason === 'skipped' ? this.#positionBefore(performance.now() - 2_500) : this.position;
      this.resyncs.push({ reason, from, to: index });
    } else {
      const { action, key, node } = event;
      if (index <= this.position) this.faults.push(`${action} ${key} at ${index} after ${this.position}`);
      this.changes.push({ index, action, key, value: node.value });
    }
    this.position = index;
  }
}
