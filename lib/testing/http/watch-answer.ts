import type { Traffic } from '../traffic.js';
import { eventJson } from './json.js';
import type { WatchAnswer } from './keys-handler.js';

/** Where the events of a watch go, once its head has been sent. */
export interface EventSink {
  /** Whether it takes no more for now; {@link RunningWatch.pass} is called when that changes. */
  readonly isFull: boolean;
  write(text: string): void;
  /** Writes the last event, and the end of the answer. */
  finish(text: string): void;
  destroy(): void;
}

/**
 * A watch that is being answered: with one event and the end, or with one event after another. A reader that is too
 * slow is not waited for: what it does not take stays with the watcher, which etcd gives up when that gets too much.
 */
export class RunningWatch {
  readonly #watcher: WatchAnswer['watcher'];
  readonly #forget: () => void;
  #isOver = false;

  constructor(
    { watcher }: WatchAnswer,
    private readonly traffic: Traffic,
    private readonly sink: EventSink,
  ) {
    this.#watcher = watcher;
    this.#forget = traffic.addWatch(() => sink.destroy());
  }

  /** Begins to pass events on; there may be one already. */
  start(): void {
    const pass = (): void => this.#pass();
    this.#watcher.onEvent(() => this.traffic.whenRunning(pass));
  }

  /** The sink takes more again. */
  drain(): void {
    this.traffic.whenRunning(() => this.#pass());
  }

  /** The answer has ended, whoever has ended it. May be called again. */
  end(): void {
    this.#isOver = true;
    this.#forget();
    this.#watcher.remove();
  }

  #pass(): void {
    while (!this.#isOver && !this.sink.isFull) {
      const event = this.#watcher.take();
      if (event === undefined) return;
      if (this.#watcher.stream) this.sink.write(eventJson(event));
      else this.sink.finish(eventJson(event));
    }
  }
}
