import { setTimeout as sleep } from 'node:timers/promises';

export { freePort } from '../../scripts/etcd-process.mjs';

export interface WaitForOptions {
  /** How long to wait, in ms. @default 10_000 */
  timeout?: number;
  /** The pause between two looks, in ms. @default 25 */
  interval?: number;
  /** What is waited for, as the end of "Waited 10000 ms for …". */
  what?: string;
}

/**
 * Resolves to the first truthy result of `condition`. A condition that throws or rejects counts as not yet
 * fulfilled; the last such error becomes the `cause` of the error that ends the wait.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeout = 10_000, interval = 25, what = 'a condition' }: WaitForOptions = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeout;
  let cause: unknown;
  for (;;) {
    try {
      const result = await condition();
      if (result) return result;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) throw new Error(`Waited ${timeout} ms for ${what}`, { cause });
    await sleep(interval);
  }
}
