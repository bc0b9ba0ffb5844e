import { type RawNode } from '../client/raw-store.js';
import { waitFor } from '../support/wait-for.js';
import { type WatchedMember } from '../watch/watched-member.js';

/** A key as it stands in a URL. */
export const pathOf = (key: string): string => key.split('/').map(encodeURIComponent).join('/');

/** The entries of a queue as etcd itself lists them, in their order; none where there is no directory. */
export async function entriesOf({ raw }: WatchedMember, directory: string): Promise<RawNode[]> {
  const { node } = await raw.get(`${pathOf(directory)}?sorted=true`);
  return node.nodes ?? [];
}

/** Resolves to the entries of a queue when there are so many. */
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

/** What a promise rejects with, and how many milliseconds from now. */
export async function failureOf(work: Promise<unknown>): Promise<{ error: unknown; after: number }> {
  const begin = performance.now();
  try {
    await work;
  } catch (error) {
    return { error, after: performance.now() - begin };
  }
  throw new Error('It was expected to reject.');
}

/** Resolves when a signal is aborted, which has to be in so many milliseconds, and gives its reason. */
export async function abortOf(signal: AbortSignal, timeout: number): Promise<unknown> {
  await waitFor(() => signal.aborted, { timeout, interval: 5, what: 'the loss' });
  return signal.reason;
}
