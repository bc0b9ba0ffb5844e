import type { EtcdWatcher } from '../watch/index.js';

/** From so many waiters on, they share a watch of the whole queue. */
const crowd = 4;

interface Group {
  count: number;
  watcher: EtcdWatcher | undefined;
}

/**
 * Waiters of one process. Each waits for the one before it alone, so that a release wakes nobody else in the cluster; but
 * where many wait in one process, one watch of the whole queue spares each of them a connection of its own.
 */
export class Crowds {
  readonly #groups = new Map<string, Group>();

  /** @param open opens a watch of the queue @returns what leaves the group */
  join(queue: string, open: () => EtcdWatcher): () => void {
    const group = this.#groups.get(queue) ?? { count: 0, watcher: undefined };
    // It is there to be shared. What it tells, and how it ends, those tell who share it.
    if (group.count + 1 >= crowd) group.watcher ??= open().on('event', ignore).on('error', ignore);
    group.count++;
    this.#groups.set(queue, group);
    return () => {
      if (--group.count > 0) return;
      void group.watcher?.close();
      this.#groups.delete(queue);
    };
  }
}

function ignore(): void {
  // Nothing is done with it.
}
