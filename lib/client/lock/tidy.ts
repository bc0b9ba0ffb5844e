/** Milliseconds for which a queue has not been used when its directory is removed. */
const idle = 30_000;

/**
 * Removes the directories of locks, once they are empty and this client has not used them for a while: etcd would keep them for
 * ever, and there may be one for each order or user. A directory that others use is not empty, and stays.
 */
export class Tidy {
  /** Queues that are not in use, and since when. */
  readonly #idle = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param remove removes a directory if it is empty */
  constructor(private readonly remove: (directory: string) => Promise<unknown>) {}

  /** A queue is used. */
  used(directory: string): void {
    this.#idle.delete(directory);
  }

  /** A queue is not used any more, as far as the caller knows. */
  left(directory: string): void {
    if (this.#isClosed) return;
    this.#idle.set(directory, performance.now());
    this.#timer ??= setTimeout(() => void this.#sweep(), idle).unref();
  }

  /** Removes what can be removed at once. It never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#removeAll([...this.#idle.keys()]);
  }

  async #sweep(): Promise<void> {
    const before = performance.now() - idle;
    await this.#removeAll([...this.#idle].filter(([, since]) => since <= before).map(([name]) => name));
    this.#timer = undefined;
    const [next] = this.#idle.values();
    if (next === undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#sweep(), next + idle - performance.now()).unref();
  }

  async #removeAll(directories: readonly string[]): Promise<void> {
    for (const directory of directories) {
      // It can have been used since.
      if (!this.#idle.delete(directory)) continue;
      await this.remove(directory).catch(() => undefined);
    }
  }
}
