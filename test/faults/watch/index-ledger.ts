import { EtcdError, type EtcdResult } from 'nestjs-etcd/client';

import type { Change, Told } from './told.js';

/**
 * What writers were told of their changes, each by the store index that etcd gave it: the truth that watchers are
 * compared with. Whether a write without an answer was applied, and when a key has expired, only watchers can tell.
 */
export class IndexLedger {
  readonly changes = new Map<number, Change>();
  /** Indexes of changes that have no event: a refresh moves the index and is not told. */
  readonly silent = new Set<number>();
  /** Codes of the failures. */
  readonly codes: string[] = [];

  /** Makes one write, and gives its result, or `undefined` where there is none. */
  async write(
    operation: () => Promise<EtcdResult>,
    { silent = false } = {},
  ): Promise<EtcdResult | undefined> {
    try {
      const result = await operation();
      const { action, node } = result;
      const { modifiedIndex: index, key, value } = node;
      if (silent) this.silent.add(index);
      else this.changes.set(index, { index, action, key, value });
      return result;
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      this.codes.push(error.code);
      return undefined;
    }
  }

  /** Takes in what others were told and no writer knows of. */
  learn(others: Iterable<Told>): void {
    for (const { changes } of others)
      for (const change of changes)
        if (!this.changes.has(change.index)) this.changes.set(change.index, change);
  }

  /** The changes up to `end` that somebody was neither told nor given a later state for. */
  missing(told: Told, end: number, concerns: (change: Change) => boolean = () => true): Change[] {
    const indexes = new Set(told.changes.map(({ index }) => index));
    const isCovered = (index: number): boolean =>
      indexes.has(index) || told.resyncs.some(({ from, to }) => index > from && index <= to);
    return [...this.changes.values()].filter(
      (change) =>
        change.index > told.start && change.index <= end && concerns(change) && !isCovered(change.index),
    );
  }

  /** The changes that were told otherwise than they were made, or that have no event. */
  wrong(told: Told): string[] {
    return told.changes.flatMap(({ index, action, key, value }) => {
      if (this.silent.has(index)) return [`${action} ${key} at ${index} was a refresh`];
      const made = this.changes.get(index);
      const isRight = made?.action === action && made.key === key && made.value === value;
      return made === undefined || isRight
        ? []
        : [`${action} ${key} at ${index} was ${made.action} ${made.key}`];
    });
  }
}

/** How often somebody was told a change that it had been told before. */
export function countDoubled({ changes }: Told): number {
  return changes.length - new Set(changes.map(({ index }) => index)).size;
}
