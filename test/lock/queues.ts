import { type RawNode } from '../client/raw-store.js';
import { waitFor } from '../support/wait-for.js';
import { type WatchedMember } from '../watch/watched-member.js';

/** In seconds. Who holds something for so long renews it after 17 s at the earliest: until then only a watch tells of a loss. */
export const longTtl = 60;
/** Options of clients that do not prove their watches meanwhile: what they learn of a key, its watch has told. */
export const withoutRearming = { watch: { rearm: 60_000 } } as const;
/** An attempt rejects so long after its end at most, in milliseconds: before its client's timeout of 5 s, that is. */
export const late = 4_000;

/** A key as it stands in a URL. */
export const pathOf = (key: string): string => key.split('/').map(encodeURIComponent).join('/');

/** The entries of a queue as etcd itself lists them, in their order; none where there is no directory. */
export async function entriesOf({ raw }: WatchedMember, directory: string): Promise<RawNode[]> {
  const { node } = await raw.get(`${pathOf(directory)}?sorted=true`);
  return node.nodes ?? [];
}

/** Resolves to the entries of a queue when there are so many. In 5 s, none expires that has the default TTL. */
export async function hasEntries(
  member: WatchedMember,
  directory: string,
  count: number,
  timeout = 5_000,
): Promise<RawNode[]> {
  return waitFor(
    async () => {
      const entries = await entriesOf(member, directory);
      return entries.length === count ? entries : undefined;
    },
    { timeout, interval: 10, what: `${count} entries of ${directory}` },
  );
}

/** What some work rejects with, and how many milliseconds after its beginning. */
export async function failureOf(work: () => Promise<unknown>): Promise<{ error: unknown; after: number }> {
  const begin = performance.now();
  try {
    await work();
  } catch (error) {
    return { error, after: performance.now() - begin };
  }
  throw new Error('It was expected to reject.');
}

/** Resolves when a signal is aborted, which has to be in so many milliseconds, and gives its reason. */
export async function abortOf(signal: AbortSignal, timeout = 5_000): Promise<unknown> {
  await waitFor(() => signal.aborted, { timeout, interval: 5, what: 'the loss' });
  return signal.reason;
}

/** When something is lost if it is not renewed, on the clock of `performance`: only renewals move it. */
export function deadlineOf({ remaining }: { readonly remaining: number }): number {
  return performance.now() + remaining;
}
