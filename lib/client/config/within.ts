import { setTimeout as sleep } from 'node:timers/promises';

/** What a promise gives. It rejects with an error that is made for it when that takes too long. */
export async function within<T>(timeout: number, promise: Promise<T>, late: () => Error): Promise<T> {
  const over = new AbortController();
  const end = sleep(timeout, undefined, { signal: over.signal }).then(() => {
    throw late();
  });
  end.catch(() => undefined);
  try {
    return await Promise.race([promise, end]);
  } finally {
    over.abort();
  }
}
