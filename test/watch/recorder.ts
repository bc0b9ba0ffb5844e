import {
  type EtcdChangeEvent,
  type EtcdEvent,
  type EtcdResyncEvent,
  type EtcdWatcher,
} from 'nestjs-etcd/client';

import { waitFor } from '../support/wait-for.js';

/** An event in a few words: `set /a`, `resync cleared`. */
export function brief(event: EtcdEvent): string {
  return event.action === 'resync' ? `resync ${event.reason}` : `${event.action} ${event.key}`;
}

/** What is wrong with the indexes that were told; of each kind the first few. */
export interface Deviation {
  readonly missing: readonly (number | string)[];
  readonly doubled: readonly (number | string)[];
  readonly strange: readonly (number | string)[];
  readonly isInOrder: boolean;
}

export const noDeviation: Deviation = { missing: [], doubled: [], strange: [], isInOrder: true };

/** Compares indexes with those that should have been told; shorter to read than a list of hundreds. */
export function deviation(told: readonly number[], expected: readonly number[]): Deviation {
  const [all, wanted] = [new Set(told), new Set(expected)];
  const few = (indexes: number[]) =>
    indexes.length > 6 ? [...indexes.slice(0, 5), `and ${indexes.length - 5} more`] : indexes;
  return {
    missing: few(expected.filter((index) => !all.has(index))),
    doubled: few(told.filter((index, i) => told.indexOf(index) !== i)),
    strange: few(told.filter((index) => !wanted.has(index))),
    isInOrder: told.every((index, i) => i === 0 || index >= (told[i - 1] ?? 0)),
  };
}

/** A consumer that takes every event of a watcher as it comes, and does nothing else. */
export class Recorder {
  readonly events: EtcdEvent[] = [];
  /** How the iteration has ended: `undefined` while it goes on. */
  end: { readonly error: unknown } | 'done' | undefined;
  /** Resolves at the end, whatever it is. */
  readonly ended: Promise<void>;

  constructor(readonly watcher: EtcdWatcher) {
    this.ended = this.record();
  }

  get changes(): EtcdChangeEvent[] {
    return this.events.filter((event) => event.action !== 'resync');
  }

  get resyncs(): EtcdResyncEvent[] {
    return this.events.filter((event) => event.action === 'resync');
  }

  get brief(): string[] {
    return this.events.map(brief);
  }

  get indexes(): number[] {
    return this.events.map(({ index }) => index);
  }

  /** Resolves when the change of an index has been told, or a state that holds it. What is missing then, is missing for good. */
  async reaches(index: number, timeout = 10_000): Promise<this> {
    await waitFor(() => (this.events.at(-1)?.index ?? 0) >= index || this.end !== undefined, {
      timeout,
      what: `the change ${index} of ${this.watcher.key}; the last of ${this.events.length} was ${this.events.at(-1)?.index}`,
    });
    return this;
  }

  private async record(): Promise<void> {
    try {
      for await (const event of this.watcher) this.events.push(event);
      this.end = 'done';
    } catch (error) {
      this.end = { error };
    }
  }
}
