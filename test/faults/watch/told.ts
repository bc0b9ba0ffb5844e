import type { EtcdResyncReason } from 'nestjs-etcd/client';

import { waitFor } from '../../support/wait-for.js';

/** One change as it was told, or written. */
export interface Change {
  readonly index: number;
  readonly action: string;
  readonly key: string;
  readonly value: string | undefined;
}

/** A present state that was told in place of the changes after `from`, up to `to`. */
export interface Resync {
  readonly reason: EtcdResyncReason;
  readonly from: number;
  readonly to: number;
}

/** What somebody who watches was told, in the order of the telling. */
export interface Told {
  readonly name: string;
  /** The store index after which everything has to be told. */
  readonly start: number;
  /** The index up to which everything is said to have been told. */
  readonly position: number;
  readonly changes: readonly Change[];
  readonly resyncs: readonly Resync[];
  /** What has ended it. */
  readonly failure?: unknown;
}

/** Resolves when everybody was told everything up to an index; otherwise rejects and says who was not. */
export async function waitUntilTold(
  everybody: readonly Told[],
  index: number,
  timeout = 15_000,
): Promise<void> {
  const behind = () => everybody.filter(({ position }) => position < index);
  await waitFor(() => behind().length === 0, { timeout }).catch((cause: unknown) => {
    const who = behind().map(
      ({ name, position, failure }) => `${name} (at ${position}, ended by ${String(failure)})`,
    );
    throw new Error(`Not told of ${index} within ${timeout} ms: ${who.join(', ')}`, { cause });
  });
}
